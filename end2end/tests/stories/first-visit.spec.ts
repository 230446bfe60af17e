import { expect, test } from '../../support/fixtures.ts'
import { expectAccessible } from '../../support/axe.ts'

test('the printed address asks for the first account, also after the server was killed', async ({ server, open, mode }) => {
  const page = await open(server.printed)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible()
  if (mode !== 'no-scripts') await expectAccessible(page)

  await server.kill()
  await server.restart()
  await page.reload()
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible()
})
