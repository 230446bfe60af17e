import { expect, ready, test } from '../support/fixtures.ts'
import { ann, answer, ben, cleo, enrol, message, publish, row, signIn, use, visit } from '../support/people.ts'
import { held } from '../support/store.ts'
import type { Page } from '@playwright/test'

const mode = 'full'

/** Ann and Ben, each in a browser of their own, both in one conversation. */
async function together(server: Parameters<typeof enrol>[0], open: (path?: string) => Promise<Page>) {
  await enrol(server, ann, ben, cleo)
  const [anns, bens] = [await open('/sign-in'), await open('/sign-in')]
  await signIn(anns, ann, mode)
  await signIn(bens, ben, mode)
  const conversation = await publish(anns, { to: [ben], subject: 'Tea', text: 'Green or black?' }, mode)
  await row(bens, 'Tea').click()
  await bens.waitForURL(`**${conversation}`)
  await expect(message(bens, 'Green or black?')).toBeVisible()
  return { anns, bens, conversation }
}

test.describe(() => {
  test.use({ provoked: /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection/ })

  test('two people talk, live both ways, with a killed server in between', async ({ server, open }) => {
    const { anns, bens, conversation } = await together(server, open)
    await answer(anns, 'one')
    await expect(message(bens, 'one')).toBeVisible()
    await answer(bens, 'two')
    await expect(message(anns, 'two')).toBeVisible()

    await server.kill()
    await anns.getByLabel('Your message').fill('three, into the dark')
    await anns.getByRole('button', { name: 'Send' }).click()
    await expect(message(anns, 'three, into the dark')).toContainText('Retry')
    await expect(anns.getByText('Reconnecting…')).toBeVisible()
    await server.restart()

    await expect(message(bens, 'three, into the dark')).toBeVisible({ timeout: 40_000 })
    await expect(message(anns, 'three, into the dark')).not.toContainText('Retry')
    await expect(anns.getByText('Reconnecting…')).toBeHidden()
    await answer(bens, 'four')
    await expect(message(anns, 'four')).toBeVisible()
    const said = ['Green or black?', 'one', 'two', 'three, into the dark', 'four']
    for (const page of [anns, bens]) {
      const texts = (await held(page, conversation)).entries.slice(-5).map(entry => entry.split(': ')[1])
      expect(texts).toEqual(said)
      for (const text of said) await expect(message(page, text)).toHaveCount(1)
    }
  })
})

test('a sent message stands there at once, and its row is the one that is confirmed', async ({ server, open }) => {
  const { anns } = await together(server, open)
  let release = () => {}
  const held = new Promise<void>(resolve => (release = resolve))
  await anns.route('**/d/evt/**', async route => {
    if (route.request().postData()?.includes('slowly')) await held
    await route.continue()
  })
  await anns.getByLabel('Your message').fill('slowly')
  await anns.keyboard.press('Control+Enter')
  const echo = message(anns, 'slowly')
  await expect(echo).toContainText('Sending')
  await expect(anns.getByLabel('Your message')).toHaveValue('')
  const element = await echo.elementHandle()
  release()
  await expect(echo).not.toContainText('Sending')
  await expect(echo).toHaveAttribute('id', /^m-/)
  expect(await element?.evaluate(node => node.isConnected)).toBe(true)
  await expect(echo).toHaveCount(1)
})

test.describe(() => {
  test.use({ provoked: /status of 413/ })

  test('a refused message stays, to be edited or discarded', async ({ server, open }) => {
    const { anns } = await together(server, open)
    await anns.route('**/d/evt/**', route =>
      route.request().postData()?.includes('never')
        ? route.fulfill({
            status: 413,
            contentType: 'application/problem+json',
            body: JSON.stringify({ code: 'EM2_TOO_BIG', detail: 'That is too long. Make it shorter.' }),
          })
        : route.continue(),
    )
    for (const way of ['Edit', 'Discard']) {
      await anns.getByLabel('Your message').fill('never taken')
      await anns.getByRole('button', { name: 'Send' }).click()
      await expect(message(anns, 'never taken')).toContainText('That is too long.')
      await message(anns, 'never taken').getByRole('button', { name: way }).click()
      await expect(message(anns, 'never taken')).toHaveCount(0)
      await expect(anns.getByLabel('Your message')).toHaveValue(way === 'Edit' ? 'never taken' : '')
      await anns.getByLabel('Your message').fill('')
    }
  })
})

test('somebody who is added while looking at the list sees the row with its subject appear', async ({ server, open }) => {
  const { anns, conversation } = await together(server, open)
  const cleos = await open('/sign-in')
  await signIn(cleos, cleo, mode)
  await expect(row(cleos, 'Tea')).toHaveCount(0)
  await visit(anns, `${conversation}?panel=people`, mode)
  await anns.getByLabel('Address').fill(cleo.address)
  await anns.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(row(cleos, 'Tea')).toHaveAttribute('data-unread', '')
  await expect(cleos.getByRole('link', { name: /^Inbox/ }).first()).toContainText('1')
})

test('the lock is shown while somebody edits, and what was read is told', async ({ server, open }) => {
  const { anns, bens } = await together(server, open)
  await expect(message(anns, 'Green or black?')).toContainText('Read by Ben')
  await use(anns, 'Green or black?', 'edit')
  await expect(message(bens, 'Green or black?')).toContainText('Ann is editing')
  await anns.getByLabel('The message').fill('Green, black or white?')
  await anns.getByRole('button', { name: 'Save' }).click()
  await expect(message(bens, 'Green, black or white?')).toContainText('edited')
  await expect(message(bens, 'Green, black or white?')).not.toContainText('is editing')
})

test('a draft is saved while it is typed', async ({ server, open }) => {
  await enrol(server, ann)
  const page = await open('/sign-in')
  await signIn(page, ann, mode)
  await visit(page, '/new', mode)
  await page.getByLabel('Subject', { exact: true }).pressSequentially('Half a th')
  await expect(page.getByText(/^Saved/)).toBeVisible()
  const saving = page.waitForResponse(
    answer => answer.url().endsWith('/d/new/') && !!answer.request().postData()?.includes('Half a thought'),
  )
  await page.getByLabel('Subject', { exact: true }).pressSequentially('ought')
  await saving
  await expect(page.getByText(/^Saved/)).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Subject', { exact: true })).toHaveValue('Half a thought')
})

test('text that was typed before the page was alive survives', async ({ server, open }) => {
  const { anns, conversation } = await together(server, open)
  let release = () => {}
  const waits = new Promise<void>(resolve => (release = resolve))
  await anns.route('**/*.wasm', async route => {
    await waits
    await route.continue()
  })
  await anns.goto(conversation)
  await anns.getByLabel('Your message').fill('typed early')
  release()
  await ready(anns, mode)
  await expect(anns.getByLabel('Your message')).toHaveValue('typed early')
  await anns.getByRole('button', { name: 'Send' }).click()
  await expect(message(anns, 'typed early')).toHaveAttribute('id', /^m-/)
  await expect(anns.getByLabel('Your message')).toHaveValue('')
})

test.describe(() => {
  test.use({ provoked: /ERR_INTERNET_DISCONNECTED|WebSocket connection/ })

  test('a page that comes back online goes on where it was', async ({ server, open }) => {
    const { anns, bens } = await together(server, open)
    await anns.context().setOffline(true)
    await answer(bens, 'said meanwhile')
    await anns.context().setOffline(false)
    await expect(message(anns, 'said meanwhile')).toHaveCount(1)
  })
})

test.describe(() => {
  test.use({ provoked: /status of 401|WebSocket connection/ })

  test('an ended session is told', async ({ server, open }) => {
    const { anns } = await together(server, open)
    const other = await open('/sign-in')
    await signIn(other, ann, mode)
    await other.getByRole('button', { name: 'everywhere' }).first().click()
    await expect(anns.getByText('You are signed out')).toBeVisible()
  })
})
