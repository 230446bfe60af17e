import type { Locator, Page } from '@playwright/test'
import { expectAccessible } from '../../support/axe.ts'
import { expect, ready, test, type Mode } from '../../support/fixtures.ts'
import { ada, answer, bob, enrol, eve, message, publish, row, signIn, visit } from '../../support/people.ts'
import type { Server } from '../../support/server.ts'
import { held } from '../../support/store.ts'

/** How often a page that is not alive is looked at again, each time for half a second. */
const LOOKS = 40

/** Waits for what another platform has sent: a live page shows it, another one is loaded anew. */
async function arrives(page: Page, path: string, thing: Locator, mode: Mode): Promise<void> {
  await visit(page, path, mode)
  for (let look = 0; mode !== 'full' && look < LOOKS; look += 1) {
    const isThere = await thing.waitFor({ timeout: 500 }).then(
      () => true,
      () => false,
    )
    if (isThere) return
    await page.reload()
  }
  await expect(thing).toBeVisible({ timeout: 20_000 })
}

/** Waits until somebody asks to talk about this. */
async function asked(page: Page, subject: string, mode: Mode): Promise<void> {
  const requests = page.getByRole('link', { name: /^Requests/ }).filter({ visible: true })
  await arrives(page, '/inbox', requests, mode)
  await expect(requests).toContainText('1')
  await visit(page, '/requests', mode)
  await expect(row(page, subject)).toBeVisible()
}

/** Opens a request and gives one of the answers. */
async function decide(page: Page, subject: string, decision: string | RegExp): Promise<void> {
  await row(page, subject).click()
  await page.waitForURL('**/requests/*')
  await page.getByRole('button', { name: decision, exact: typeof decision === 'string' }).click()
}

/** Waits until a conversation stands in the inbox. */
async function listed(page: Page, subject: string, mode: Mode): Promise<void> {
  await arrives(page, '/inbox', row(page, subject), mode)
  await expect(row(page, subject)).toHaveAttribute('data-unread', '')
}

/** Nothing of it is anywhere: not in the lists, not in the search, not behind its address. */
async function expectNothing(page: Page, subject: string, conversation: string, mode: Mode): Promise<void> {
  for (const path of ['/inbox', '/requests', `/search?q=${subject}`]) {
    await visit(page, path, mode)
    await expect(row(page, subject)).toHaveCount(0)
  }
  const opened = await page.request.get(conversation, { headers: { Accept: 'text/html' } })
  expect(opened.status()).toBeGreaterThanOrEqual(400)
  expect(await opened.text()).not.toContain(subject)
}

/** Two platforms: Bob has a browser on the second one, these people have one each on the first. */
async function strangers(platforms: Platforms, open: Open, mode: Mode, ...people: (typeof ada)[]) {
  const [a, b] = (await platforms('a.test', 'b.test')) as [Server, Server]
  await enrol(a, ...people)
  await enrol(b, bob)
  const enter = async (person: typeof ada, on: Server) => {
    const page = await open('/sign-in', on)
    await signIn(page, person, mode)
    return page
  }
  const bobs = await enter(bob, b)
  const theirs: Page[] = []
  for (const person of people) theirs.push(await enter(person, a))
  return { bobs, theirs }
}

type Platforms = (...domains: string[]) => Promise<Server[]>
type Open = (path?: string, on?: Server) => Promise<Page>

test('a stranger is an address and a subject until they are accepted, once or always', async ({ open, platforms, mode }) => {
  test.slow()
  const { bobs, theirs } = await strangers(platforms, open, mode, ada)
  const adas = theirs[0] as Page
  const lunch = await publish(adas, { to: [bob], subject: 'Lunch', text: 'At noon? ![us](https://a.test/us.png)' }, mode)

  await test.step('Bob sees who it is and what about, and no word of it', async () => {
    await asked(bobs, 'Lunch', mode)
    await expect(row(bobs, 'Lunch')).toContainText(ada.address)
    await expect(row(bobs, 'Lunch')).toContainText('em2.a.test')
    const request = await row(bobs, 'Lunch').getAttribute('href')
    for (const path of ['/requests', request ?? '', '/inbox']) {
      await visit(bobs, path, path === request ? 'no-scripts' : mode)
      for (const hidden of [ada.name, 'noon', 'us.png']) expect(await bobs.content(), path).not.toContain(hidden)
    }
    for (const path of ['/inbox', '/search?q=noon', '/search?q=Lunch']) {
      await visit(bobs, path, mode)
      await expect(row(bobs, 'Lunch'), path).toHaveCount(0)
    }
    await bobs.goto(lunch)
    await bobs.waitForURL(`**${request}`)
    await expect(bobs.getByRole('heading', { level: 1 })).toHaveText(`${ada.address} wants to talk with you`)
    await expect(bobs.getByText('Lunch')).toBeVisible()
    await expect(bobs.getByText('em2.a.test', { exact: true }).first()).toBeVisible()
    await expect(bobs.locator('img, .avatar')).toHaveCount(0)
    if (mode !== 'no-scripts') await expectAccessible(bobs)
  })

  await test.step('accepted once, it is there, and the next one asks again', async () => {
    await bobs.getByRole('button', { name: 'Accept', exact: true }).click()
    await bobs.waitForURL(`**${lunch}*`)
    await ready(bobs, mode)
    await expect(message(bobs, 'At noon?')).toBeVisible()
    await publish(adas, { to: [bob], subject: 'Dinner', text: 'At eight?' }, mode)
    await asked(bobs, 'Dinner', mode)
  })

  await test.step('accepted always, whatever follows is there at once', async () => {
    await decide(bobs, 'Dinner', /^Always accept/)
    await bobs.waitForURL('**/c/*')
    await ready(bobs, mode)
    await expect(message(bobs, 'At eight?')).toBeVisible()
    await publish(adas, { to: [bob], subject: 'Breakfast', text: 'At six?' }, mode)
    await listed(bobs, 'Breakfast', mode)
    await expect(bobs.getByRole('link', { name: /^Requests/ }).filter({ visible: true })).toHaveCount(0)
  })
})

test('who is ignored or blocked is seen no more, and is told nothing', async ({ open, platforms, mode }) => {
  test.slow()
  const { bobs, theirs } = await strangers(platforms, open, mode, ada, eve)
  const [adas, eves] = theirs as [Page, Page]
  const delivered = eves.getByText('Delivered to em2.b.test.')
  const offer = await publish(eves, { to: [bob], subject: 'Offer', text: 'Buy this' }, mode)
  await asked(bobs, 'Offer', mode)
  await arrives(eves, offer, delivered, mode)
  const before = await held(eves, offer)

  await test.step('ignored', async () => {
    await decide(bobs, 'Offer', 'Ignore')
    await bobs.waitForURL('**/requests')
    await ready(bobs, mode)
    await expect(row(bobs, 'Offer')).toHaveCount(0)
    expect(await held(eves, offer)).toEqual(before)
    await answer(eves, 'Did you read this?')
    await arrives(eves, offer, delivered, mode)
    // What comes after it has come, so it would have come as well.
    await publish(adas, { to: [bob], subject: 'Lunch', text: 'At noon?' }, mode)
    await asked(bobs, 'Lunch', mode)
    await expectNothing(bobs, 'Offer', offer, mode)
  })

  await test.step('blocked, with whatever they try', async () => {
    await visit(bobs, '/requests', mode)
    await decide(bobs, 'Lunch', /^Always accept/)
    await bobs.waitForURL('**/c/*')
    const another = await publish(eves, { to: [bob], subject: 'Bargain', text: 'Buy that' }, mode)
    await asked(bobs, 'Bargain', mode)
    await decide(bobs, 'Bargain', /^Block/)
    await bobs.waitForURL('**/requests')
    const last = await publish(eves, { to: [bob], subject: 'Chance', text: 'Buy all' }, mode)
    for (const conversation of [another, last]) await arrives(eves, conversation, delivered, mode)
    await publish(adas, { to: [bob], subject: 'Dinner', text: 'At eight?' }, mode)
    await listed(bobs, 'Dinner', mode)
    await expectNothing(bobs, 'Bargain', another, mode)
    await expectNothing(bobs, 'Chance', last, mode)
  })
})

test('a platform that is accepted needs no answer any more', async ({ open, platforms, mode }) => {
  test.slow()
  const { bobs, theirs } = await strangers(platforms, open, mode, ada, eve)
  const [adas, eves] = theirs as [Page, Page]
  await publish(adas, { to: [bob], subject: 'Lunch', text: 'At noon?' }, mode)
  await asked(bobs, 'Lunch', mode)
  await decide(bobs, 'Lunch', /^Accept everybody on/)
  await bobs.waitForURL('**/c/*')
  await ready(bobs, mode)
  await expect(message(bobs, 'At noon?')).toBeVisible()
  await publish(eves, { to: [bob], subject: 'Offer', text: 'Buy this' }, mode)
  await listed(bobs, 'Offer', mode)
  await row(bobs, 'Offer').click()
  await expect(message(bobs, 'Buy this')).toBeVisible()
})
