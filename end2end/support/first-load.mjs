// node first-load.mjs URL COOKIES: how long a first visit of the inbox takes in
// Chromium with nothing cached, until the page is alive and until a click on the
// first row, sent then, shows the conversation without loading another document.
// Prints one line of JSON: medians in milliseconds, and the bytes that came.
import { chromium } from '@playwright/test'

const visits = 7
const [url, cookies] = process.argv.slice(2)
const jar = cookies.split('; ').map(pair => {
  const at = pair.indexOf('=')
  return { name: pair.slice(0, at), value: pair.slice(at + 1), url }
})

const browser = await chromium.launch({
  executablePath: process.env.EM2_CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: process.getuid() !== 0,
})

async function visit() {
  const context = await browser.newContext()
  await context.addCookies(jar)
  const page = await context.newPage()
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  let bytes = 0
  network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  const started = performance.now()
  await page.goto(`${url}/inbox`, { waitUntil: 'commit' })
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' })
  const alive = performance.now() - started
  await page.evaluate(() => (window.sameDocument = true))
  await page.locator('.list-rows a[href^="/c/"]').first().click()
  await page.waitForURL('**/c/*')
  await page.locator('article').first().waitFor()
  const clicked = performance.now() - started
  if (!(await page.evaluate(() => window.sameDocument))) throw new Error('the click loaded another document')
  await context.close()
  return { alive, clicked, bytes }
}

await visit()
const seen = []
for (let i = 0; i < visits; i++) seen.push(await visit())
await browser.close()
const median = name => seen.map(one => one[name]).sort((a, b) => a - b)[Math.floor(visits / 2)]
console.log(JSON.stringify({ alive: median('alive'), clicked: median('clicked'), bytes: median('bytes') }))
