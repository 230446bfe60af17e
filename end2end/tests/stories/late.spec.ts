import { expect, ready, test } from '../../support/fixtures.ts'
import { ann, ben, enrol, message, publish, signIn, use } from '../../support/people.ts'
import { expectAccessible } from '../../support/axe.ts'
import { held } from '../../support/store.ts'

test.use({ provoked: /status of 409/ })

test('an edit that came too late stays, beside what it would change, and can be saved over it', async ({
  server,
  open,
  mode,
}) => {
  await enrol(server, ann, ben)
  const [one, other] = [await open('/sign-in'), await open('/sign-in')]
  await signIn(one, ann, mode)
  await signIn(other, ann, mode)
  const conversation = await publish(one, { to: [ben], subject: 'Plan', text: 'We meet on Monday at ten.' }, mode)
  await other.goto(conversation)
  await ready(other, mode)

  await use(one, 'We meet on Monday', 'edit')
  await expect(one.getByLabel('The message')).toHaveValue('We meet on Monday at ten.')
  await other.reload()
  await ready(other, mode)
  await use(other, 'We meet on Monday', 'edit')
  await other.getByLabel('The message').fill('We meet on Tuesday at ten.')
  await other.getByRole('button', { name: 'Save' }).click()
  await expect(message(other, 'We meet on Tuesday')).toContainText('edited')

  await one.getByLabel('The message').fill('We meet on Friday at ten.')
  await one.getByRole('button', { name: 'Save' }).click()
  await expect(one.getByRole('alert').filter({ hasText: 'changed in the meantime' })).toBeVisible()
  await expect(one.getByLabel('The message')).toHaveValue('We meet on Friday at ten.')
  await expect(one.getByText('What your text changes in the message as it is now')).toBeVisible()
  await expect(one.locator('del')).toHaveText('Tuesday')
  await expect(one.locator('ins')).toHaveText('Friday')
  if (mode !== 'no-scripts') await expectAccessible(one)

  await one.getByRole('button', { name: 'Save' }).click()
  await expect(message(one, 'We meet on Friday')).toContainText('edited')
  expect((await held(one, conversation)).entries.at(-1)).toBe('ann@em2.test: We meet on Friday at ten., edited')
})
