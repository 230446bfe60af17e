import { expect, test } from '../support/fixtures.ts'
import { ann, ben, enrol, message, publish, row, signIn, visit } from '../support/people.ts'

const mode = 'full'

test('a conversation is found, read, answered and left by the keyboard alone', async ({ server, open }) => {
  await enrol(server, ann, ben)
  const page = await open('/sign-in')
  await signIn(page, ann, mode)
  for (const subject of ['First', 'Second']) await publish(page, { to: [ben], subject, text: `About ${subject}` }, mode)
  await visit(page, '/inbox', mode)

  await page.keyboard.press('j')
  await expect(row(page, 'Second')).toBeFocused()
  await page.keyboard.press('j')
  await expect(row(page, 'First')).toBeFocused()
  await page.keyboard.press('k')
  await page.keyboard.press('o')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Second')

  await page.keyboard.press('n')
  await expect(message(page, 'About Second')).toBeFocused()
  await page.keyboard.press('r')
  await expect(page.getByLabel('Your message')).toBeFocused()
  await page.keyboard.type('just g i and ?')
  await page.keyboard.press('Control+Enter')
  await expect(message(page, 'just g i and ?')).toHaveAttribute('id', /^m-/)
  await expect(page).toHaveURL(/\/c\//)

  await page.keyboard.press('Escape')
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('u')
  await expect(page).toHaveURL(/\/inbox$/)
  await expect(row(page, 'Second')).toBeFocused()

  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await expect(page).toHaveURL(/\/drafts$/)
  await page.keyboard.press('c')
  await expect(page).toHaveURL(/\/new\//)
  await page.getByRole('heading', { level: 1 }).first().click()
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox', { name: 'Search' })).toBeFocused()
})

test('the sheet of keys opens, names them and closes', async ({ server, open }) => {
  await enrol(server, ann)
  const page = await open('/sign-in')
  await signIn(page, ann, mode)
  await page.keyboard.press('?')
  const sheet = page.getByRole('dialog')
  await expect(sheet).toContainText('Next conversation')
  await expect(sheet).toContainText('Send')
  await page.keyboard.press('Escape')
  await expect(sheet).toBeHidden()
})
