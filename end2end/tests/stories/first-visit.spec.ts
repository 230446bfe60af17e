import { expect, ready, test } from '../../support/fixtures.ts'
import { expectAccessible } from '../../support/axe.ts'
import { ann } from '../../support/people.ts'

test('the printed address asks for the first account, also after the server was killed', async ({ server, open, mode }) => {
  const page = await open(server.printed)
  await expect(page).toHaveTitle('The first account – em2')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.getByLabel('Password')).toBeVisible()
  if (mode !== 'no-scripts') await expectAccessible(page)

  await server.kill()
  await server.restart()
  await page.goto(server.printed)
  await page.getByLabel('Name').fill(ann.name)
  await page.getByLabel('Address').fill(ann.address.replace(/@.*/, '@example.com'))
  await page.getByLabel('Password').fill(ann.password)
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.waitForURL('**/inbox')
  await ready(page, mode)
  await expect(page).toHaveTitle('Inbox – em2')
  await expect(page.getByText('No conversations yet')).toBeVisible()
  await expect(page.getByText(ann.name).first()).toBeVisible()
})
