import { expect, ready, test } from '../support/fixtures.ts'
import { expectAccessible } from '../support/axe.ts'
import { ann, answer, ben, cleo, enrol, message, publish, row, signIn, use, visit } from '../support/people.ts'
import type { Page } from '@playwright/test'

const mode = 'full'

/** The addresses of every page behind sign-in, with something on each of them. */
async function pages(page: Page): Promise<string[]> {
  const conversation = await publish(page, { to: [ben, cleo], subject: 'Photos of the workshop', text: 'Here *they* are.' }, mode)
  await answer(page, 'The link had expired.')
  await visit(page, '/new', mode)
  await page.getByLabel('Subject', { exact: true }).fill('Half a thought')
  await expect(page.getByText(/^Saved/)).toBeVisible()
  const draft = new URL(page.url()).pathname
  await visit(page, conversation, mode)
  const first = await message(page, 'Here they are.').getAttribute('id')
  await use(page, 'Here they are.', 'edit')
  await page.getByLabel('The message').fill('Here *they* are, all of them.')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('article').locator('[data-tool="versions"]').first().waitFor({ state: 'attached' })
  const versions = await page.getByRole('link', { name: /^edited/ }).getAttribute('href')
  expect(first).toBeTruthy()
  return [
    '/inbox',
    '/drafts',
    '/sent',
    '/search',
    '/search?q=workshop',
    '/search?q=nothingofthekind',
    '/new',
    draft,
    conversation,
    `${conversation}?panel=people`,
    `${conversation}?panel=subject`,
    versions ?? '',
    `/c/${'0'.repeat(64)}`,
    '/nowhere',
  ]
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      // Two of the pages are answered with 404.
      test.use({ colorScheme, viewport: { width, height: 800 }, provoked: /status of 404/ })

      test('every page is accessible, stands still and is as wide as the screen', async ({ server, open }) => {
        test.slow()
        await enrol(server, ann, ben, cleo)
        const page = await open('/sign-in')
        await expectAccessible(page)
        await signIn(page, ann, mode)
        for (const path of await pages(page)) {
          await test.step(path, async () => {
            await page.goto(path)
            // An address that no page has is answered without scripts.
            if (path !== '/nowhere') await ready(page, mode)
            await expectAccessible(page)
            expect(await shift(page), `layout shift of ${path}`).toBeLessThanOrEqual(0.02)
            const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
            expect(beyond, `what ${path} needs beyond the screen, in pixels`).toBeLessThanOrEqual(0)
          })
        }
      })
    })
  }
}

/** The cumulative layout shift of a page since it was opened, hydration included. */
function shift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>(resolve => {
        let sum = 0
        type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean }
        new PerformanceObserver(list => {
          for (const entry of list.getEntries() as Shift[]) if (!entry.hadRecentInput) sum += entry.value
        }).observe({ type: 'layout-shift', buffered: true })
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 50)))
      }),
  )
}

const attacks = [
  '</textarea><img src=x onerror="window.taken=1">',
  '<img src=x onerror="window.taken=1"><script>window.taken=1</script>',
  '[a](javascript:window.taken=1) <svg onload="window.taken=1">',
]

for (const attack of attacks) {
  test(`nothing that is written runs: ${attack}`, async ({ server, open }) => {
    await enrol(server, ann, ben)
    const [anns, bens] = [await open('/sign-in'), await open('/sign-in')]
    await signIn(anns, ann, mode)
    await signIn(bens, ben, mode)
    const conversation = await publish(anns, { to: [ben], subject: attack, text: `opening ${attack}` }, mode)
    await row(bens, attack).click()
    await bens.waitForURL(`**${conversation}`)
    await bens.getByLabel('Your message').fill(`answer ${attack}`)
    await bens.getByRole('button', { name: 'Send' }).click()
    await expect(message(anns, 'answer')).toBeVisible()
    await use(anns, 'opening', 'edit')
    await expect(anns.getByLabel('The message')).toHaveValue(`opening ${attack}`)
    for (const path of [conversation, '/inbox', '/search?q=opening']) await visit(anns, path, mode)
    await visit(bens, conversation, mode)
    for (const page of [anns, bens]) {
      expect(await page.evaluate(() => 'taken' in window)).toBe(false)
      await expect(page.locator('img[src="x"], svg[onload], a[href^="javascript"]')).toHaveCount(0)
    }
  })
}

test('a page whose scripts fail goes on as plain links and forms', async ({ server, open }) => {
  await enrol(server, ann, ben)
  const page = await open('/sign-in')
  await signIn(page, ann, mode)
  const conversation = await publish(page, { to: [ben], subject: 'Tea', text: 'Green?' }, mode)
  await visit(page, conversation, mode)
  await page.evaluate(() => dispatchEvent(new Event('em2:panic')))
  await page.getByLabel('Your message').fill('sent as a form')
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Send' }).click()])
  await expect(message(page, 'sent as a form')).toHaveCount(1)
})
