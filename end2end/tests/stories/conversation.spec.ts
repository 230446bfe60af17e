import { expect, ready, test } from '../../support/fixtures.ts'
import { ann, answer, ben, cleo, enrol, look, message, publish, row, signIn, use, visit } from '../../support/people.ts'
import { held } from '../../support/store.ts'

test('three people hold a conversation, and the store is the same however they read it', async ({ server, open, mode }) => {
  test.slow()
  await enrol(server, ann, ben, cleo)
  const [anns, bens, cleos] = [await open('/sign-in'), await open('/sign-in'), await open('/sign-in')]
  await signIn(anns, ann, mode)
  await signIn(bens, ben, mode)
  await signIn(cleos, cleo, mode)

  const conversation = await publish(anns, { to: [ben], subject: 'Budget for 2027', text: 'Travel is 38,000.' }, mode)

  await test.step('Ben, who looks at his list, sees it appear and answers', async () => {
    await look(bens, mode)
    await expect(row(bens, 'Budget for 2027')).toHaveAttribute('data-unread', '')
    await row(bens, 'Budget for 2027').click()
    await bens.waitForURL(`**${conversation}`)
    await ready(bens, mode)
    await answer(bens, 'Travel should be 42,000.')
  })

  await test.step('Ann answers that very message', async () => {
    await look(anns, mode)
    await expect(message(anns, 'Travel should be 42,000.')).toBeVisible()
    await use(anns, 'Travel should be 42,000.', 'answer')
    await answer(anns, 'Agreed.')
  })

  await test.step('Ann edits, and Ben sees that she does', async () => {
    await use(anns, 'Travel is 38,000.', 'edit')
    await expect(anns.getByLabel('The message')).toHaveValue('Travel is 38,000.')
    await look(bens, mode)
    await expect(message(bens, 'Travel is 38,000.')).toContainText('Ann is editing')
    await anns.getByLabel('The message').fill('Travel is 42,000.')
    await anns.getByRole('button', { name: 'Save' }).click()
    await expect(message(anns, 'Travel is 42,000.')).toContainText('edited')
    await look(bens, mode)
    await expect(message(bens, 'Travel is 42,000.')).toContainText('edited')
    await expect(message(bens, 'Travel is 42,000.')).not.toContainText('is editing')
  })

  await test.step('Ann removes a message and recovers it', async () => {
    await use(anns, 'Agreed.', 'remove')
    await expect(anns.getByText('You removed this message')).toBeVisible()
    await look(bens, mode)
    await expect(bens.getByText('Ann Lind removed this message')).toBeVisible()
    await anns.getByRole('button', { name: 'Recover' }).click()
    await expect(message(anns, 'Agreed.')).toBeVisible()
  })

  await test.step('Ann changes the subject', async () => {
    await anns.getByRole('link', { name: 'Change the subject' }).click()
    await anns.getByLabel('Subject', { exact: true }).fill('Budget, agreed')
    await anns.getByRole('button', { name: 'Save' }).click()
    await expect(anns.getByRole('heading', { level: 1 })).toContainText('Budget, agreed')
  })

  await test.step('Ann adds Cleo, who reads only what comes from now on', async () => {
    await visit(anns, `${conversation}?panel=people`, mode)
    await anns.getByLabel('Address').fill(cleo.address)
    await anns.getByLabel('What they can read').selectOption('now')
    await anns.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(anns.getByRole('complementary', { name: 'People' })).toContainText(cleo.name)
    await look(cleos, mode)
    await row(cleos, 'Budget, agreed').click()
    await cleos.waitForURL(`**${conversation}`)
    await ready(cleos, mode)
    await expect(cleos.getByText('Written before you were added').first()).toBeVisible()
    await expect(cleos.getByText('42,000')).toHaveCount(0)
    await answer(cleos, 'Thank you both.')
  })

  await test.step('Ben finds it by a word, and reads all of it', async () => {
    await visit(bens, '/search?q=thank', mode)
    await row(bens, 'Budget, agreed').click()
    await bens.waitForURL(`**${conversation}*`)
    await expect(message(bens, 'Thank you both.')).toBeVisible()
  })

  const people = ['ann@em2.test owner all', 'ben@em2.test write all', 'cleo@em2.test write now']
  const all = {
    subject: 'Budget, agreed',
    people,
    entries: [
      'ann@em2.test: published',
      'ann@em2.test: person_added',
      'ann@em2.test: Travel is 42,000., edited',
      'ben@em2.test: Travel should be 42,000.',
      'ann@em2.test: Agreed., answers 3',
      'ann@em2.test: subject_changed',
      'ann@em2.test: person_added',
      'cleo@em2.test: Thank you both.',
    ],
  }
  expect(await held(anns, conversation)).toEqual(all)
})

test('a draft is kept, comes back as it was left, and becomes the conversation', async ({ server, open, mode }) => {
  await enrol(server, ann, ben)
  const page = await open('/sign-in')
  await signIn(page, ann, mode)
  await visit(page, '/new', mode)
  const draft = new URL(page.url()).pathname
  const text = 'a < b & c\n\n</textarea><img src=x onerror="document.title=\'taken\'">'
  await page.getByLabel('Subject', { exact: true }).fill('Sketch')
  await page.getByLabel('The first message').fill(text)
  if (mode === 'full') {
    await expect(page.getByText(/^Saved/)).toBeVisible()
  } else {
    await page.getByRole('button', { name: 'Save' }).click()
  }

  await visit(page, '/drafts', mode)
  await row(page, 'Sketch').click()
  await page.waitForURL(`**${draft}`)
  await ready(page, mode)
  await expect(page.getByLabel('The first message')).toHaveValue(text)
  await page.getByLabel('To', { exact: true }).fill(ben.address)
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.waitForURL('**/c/*')
  await ready(page, mode)
  await expect(page.getByRole('article')).toContainText('</textarea><img src=x')
  expect(await page.title()).toContain('Sketch')

  const conversation = new URL(page.url()).pathname
  expect((await held(page, conversation)).entries.at(-1)).toBe(`ann@em2.test: ${text}`)
  await page.goto(draft)
  await page.waitForURL(`**${conversation}`)
  await visit(page, '/drafts', mode)
  await expect(row(page, 'Sketch')).toHaveCount(0)
})

test.describe(() => {
  test.use({ provoked: /status of 4\d\d/ })

  test('a refused form is shown again with what was entered', async ({ server, open, mode }) => {
    await enrol(server, ann)
    const page = await open('/sign-in')
    await signIn(page, ann, mode)
    await visit(page, '/new', mode)
    await page.getByLabel('To', { exact: true }).fill('not an address')
    await page.getByLabel('Subject', { exact: true }).fill('Hello')
    await page.getByLabel('The first message').fill('Hello there')
    await page.getByRole('button', { name: 'Publish' }).click()
    await expect(page.getByRole('alert').filter({ hasText: /\S/ })).toBeVisible()
    await expect(page.getByLabel('To', { exact: true })).toHaveValue('not an address')
    await expect(page.getByLabel('The first message')).toHaveValue('Hello there')
  })
})
