import type { Page } from '@playwright/test'
import { expectAccessible } from '../support/axe.ts'
import { expect, ready, test } from '../support/fixtures.ts'
import { accept, ada, answer, api, bob, cat, enrol, message, publish, row, signIn, use, visit } from '../support/people.ts'
import type { Server } from '../support/server.ts'

const mode = 'full'

test.use({ provoked: /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection|status of 503/ })

test('two people on two platforms talk, one of which is away for a while', async ({ open, platforms }) => {
  const [a, b] = (await platforms('a.test', 'b.test')) as [Server, Server]
  await enrol(a, ada)
  await enrol(b, bob)
  const [adas, bobs] = [await open('/sign-in', a), await open('/sign-in', b)]
  await signIn(adas, ada, mode)
  await signIn(bobs, bob, mode)
  await publish(adas, { to: [bob], subject: 'Lunch', text: 'At noon?' }, mode)
  await accept(bobs, 'Lunch', mode)
  await expect(message(bobs, 'At noon?')).toBeVisible()
  await expect(adas.getByText('Delivered to em2.b.test.')).toBeVisible()
  await answer(bobs, 'Gladly')
  await expect(message(adas, 'Gladly')).toBeVisible()

  await b.kill()
  await answer(adas, 'I bring cake')
  await expect(adas.getByText('Waiting for em2.b.test')).toBeVisible()
  await expect(adas.getByRole('button', { name: 'Retry now' })).toBeVisible()
  await b.restart()
  await expect(adas.getByText('Delivered to em2.b.test.')).toBeVisible({ timeout: 40_000 })
  await expect(message(bobs, 'I bring cake')).toBeVisible({ timeout: 40_000 })
  await expect(adas.getByText('Waiting for em2.b.test')).toBeHidden()
})

test('a sent message is edited across platforms, and the difference is shown', async ({ open, platforms }) => {
  const [a, b] = (await platforms('a.test', 'b.test')) as [Server, Server]
  await enrol(a, ada)
  await enrol(b, bob)
  const [adas, bobs] = [await open('/sign-in', a), await open('/sign-in', b)]
  await signIn(adas, ada, mode)
  await signIn(bobs, bob, mode)
  await publish(adas, { to: [bob], subject: 'Plan', text: 'First' }, mode)
  await accept(bobs, 'Plan', mode)
  await answer(bobs, 'We meet on Monday')
  await expect(message(adas, 'We meet on Monday')).toBeVisible()
  await use(bobs, 'We meet on Monday', 'edit')
  await expect(message(adas, 'We meet on Monday')).toContainText('bob@b.test is editing')
  await bobs.getByLabel('The message').fill('We meet on Tuesday')
  await bobs.getByRole('button', { name: 'Save' }).click()
  await expect(message(adas, 'We meet on Tuesday')).toContainText('edited')
  await message(adas, 'We meet on Tuesday').getByRole('link', { name: /edited/ }).click()
  await expect(adas.locator('del')).toContainText('Monday')
  await expect(adas.locator('ins')).toContainText('Tuesday')
})

test('somebody on a third platform is added and reads from a message on', async ({ open, platforms }) => {
  const [a, b, c] = (await platforms('a.test', 'b.test', 'c.test')) as [Server, Server, Server]
  await enrol(a, ada)
  await enrol(b, bob)
  await enrol(c, cat)
  const [adas, bobs, cats] = [await open('/sign-in', a), await open('/sign-in', b), await open('/sign-in', c)]
  await signIn(adas, ada, mode)
  await signIn(bobs, bob, mode)
  await signIn(cats, cat, mode)
  const conversation = await publish(adas, { to: [bob], subject: 'Trip', text: 'Between us' }, mode)
  await accept(bobs, 'Trip', mode)
  await answer(bobs, 'For all of us')
  await expect(message(adas, 'For all of us')).toBeVisible()
  const { conversation: held } = await api<{ conversation: { entries: { message?: { key: string; html: string } }[] } }>(
    adas,
    `/d${conversation.slice(2)}/`,
  )
  const from = held.entries.find(({ message }) => message?.html.includes('For all of us'))?.message?.key
  await visit(adas, `${conversation}?panel=people&from=${from}`, mode)
  await adas.getByLabel('Address').fill(cat.address)
  const opened = adas.waitForEvent('popup')
  await adas.getByRole('button', { name: 'Preview as them' }).click()
  const preview = await opened
  await expect(preview.getByText(`This is what ${cat.address} will be able to read`)).toBeVisible()
  await expect(message(preview, 'For all of us')).toBeVisible()
  await expect(message(preview, 'they will not see it')).toBeVisible()
  await expect(preview.getByText('Between us')).toHaveCount(0)
  await preview.close()
  await adas.getByRole('button', { name: 'Add', exact: true }).click()
  await accept(cats, 'Trip', mode)
  await expect(message(cats, 'For all of us')).toBeVisible()
  await expect(message(cats, 'Written before you were added.')).toBeVisible()
  await expect(cats.getByText('Between us')).toHaveCount(0)
  await answer(cats, 'Thank you')
  for (const page of [adas, bobs]) await expect(message(page, 'Thank you')).toBeVisible()
})

test('an edit that waited for the other platform and lost is a draft beside what it would change', async ({
  open,
  platforms,
}) => {
  const [a, b] = (await platforms('a.test', 'b.test')) as [Server, Server]
  await enrol(a, ada)
  await enrol(b, bob)
  const [adas, bobs] = [await open('/sign-in', a), await open('/sign-in', b)]
  await signIn(adas, ada, mode)
  await signIn(bobs, bob, mode)
  const conversation = await publish(adas, { to: [bob], subject: 'Plan', text: 'When shall we meet?' }, mode)
  await accept(bobs, 'Plan', mode)
  await answer(bobs, 'On Monday at ten')
  await expect(message(adas, 'On Monday at ten')).toBeVisible()
  const { conversation: held } = await api<{
    conversation: { entries: { message?: { key: string; head: string; html: string } }[] }
  }>(adas, `/d${conversation.slice(2)}/`)
  const written = held.entries.find(({ message }) => message?.html.includes('Monday'))?.message
  const edit = async (page: Page, text: string) => {
    const data = { model: 'message', verb: 'modify', item: written?.key, follows: written?.head, text }
    const edited = await page.request.post(`/d/evt${conversation.slice(2)}/`, { data })
    expect(edited.status(), await edited.text()).toBe(200)
  }

  await b.kill()
  await edit(adas, 'On Tuesday at ten')
  await a.kill()
  await b.restart()
  await edit(bobs, 'On Friday at ten')
  await a.restart()
  await expect(message(bobs, 'On Tuesday at ten')).toBeVisible({ timeout: 40_000 })
  await visit(bobs, '/drafts', mode)
  await row(bobs, 'Plan').click()
  await expect(bobs.getByLabel('The first message')).toHaveValue('On Friday at ten')
  await expect(bobs.getByRole('alert').filter({ hasText: 'This was to change a message.' })).toBeVisible()
  await expect(bobs.locator('del')).toHaveText('Tuesday')
  await expect(bobs.locator('ins')).toHaveText('Friday')
  await expectAccessible(bobs)
  await bobs.reload()
  await ready(bobs, mode)
  await expect(bobs.locator('ins')).toHaveText('Friday')
  await bobs.getByRole('link', { name: 'Open the conversation' }).click()
  await bobs.waitForURL(`**${conversation}#m-*`)
  await expect(message(bobs, 'On Tuesday at ten')).toBeVisible()
})
