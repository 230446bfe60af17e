import { expect, type Locator, type Page } from '@playwright/test'
import { ready, type Mode } from './fixtures.ts'
import type { Account, Server } from './server.ts'

const person = (name: string, domain = 'em2.test'): Account => ({
  address: `${name.split(' ')[0]?.toLowerCase()}@${domain}`,
  name,
  password: `${name} keeps a long password`,
})

export const ann = person('Ann Lind')
export const ben = person('Ben Kern')
export const cleo = person('Cleo Roth')

/** Somebody on another platform. */
export const bob = person('Bob Hale', 'b.test')
export const cat = person('Cat Nowak', 'c.test')
export const ada = person('Ada Berg', 'a.test')
export const eve = person('Eve Stone', 'a.test')

/** Gives each of them an account, by the command line. */
export async function enrol(server: Server, ...people: Account[]): Promise<void> {
  for (const { address, name, password } of people) {
    await server.command(['user', 'add', address, '--name', name], `${password}\n`)
  }
}

/** Signs in on the page's own form and waits for the inbox. */
export async function signIn(page: Page, { address, password }: Account, mode: Mode): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Address').fill(address)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/inbox')
  await ready(page, mode)
}

/** What others did is there by itself on a live page; on another one it is there after a look for it. */
export async function look(page: Page, mode: Mode): Promise<void> {
  if (mode !== 'full') await page.reload()
}

/** Goes to a page and waits until it answers. */
export async function visit(page: Page, path: string, mode: Mode): Promise<void> {
  await page.goto(path)
  await ready(page, mode)
}

export interface Letter {
  to: Account[]
  subject: string
  text: string
}

/** Writes a new conversation on its page and publishes it; resolves to its address, such as `/c/…`. */
export async function publish(page: Page, { to, subject, text }: Letter, mode: Mode): Promise<string> {
  await visit(page, '/new', mode)
  await page.getByLabel('To', { exact: true }).fill(to.map(({ address }) => address).join(', '))
  await page.getByLabel('Subject', { exact: true }).fill(subject)
  await page.getByLabel('The first message').fill(text)
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.waitForURL('**/c/*')
  await ready(page, mode)
  await expect(page.getByRole('heading', { level: 1 })).toContainText(subject)
  await expect(page).toHaveTitle(`${subject.trim()} – em2`)
  return new URL(page.url()).pathname
}

/** The row of the list that names this subject. */
export function row(page: Page, subject: string): Locator {
  return page.getByRole('region', { name: 'Conversations' }).getByRole('link').filter({ hasText: subject })
}

/** Accepts everything from whoever asks to talk about this. */
export async function accept(page: Page, subject: string, mode: Mode): Promise<void> {
  await expect(page.getByRole('link', { name: /^Requests/ }).first()).toContainText('1')
  await visit(page, '/requests', mode)
  await row(page, subject).click()
  await page.waitForURL('**/requests/*')
  await page.getByRole('button', { name: /^Always accept/ }).click()
  await page.waitForURL('**/c/*')
  await ready(page, mode)
}

/** The message that holds this text. */
export function message(page: Page, text: string): Locator {
  return page.getByRole('article').filter({ hasText: text })
}

/** Writes an answer in the open conversation and sends it. */
export async function answer(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await expect(message(page, text)).toBeVisible()
}

/** Uses one of the tools of a message; they stand out only when one is near. */
export async function use(page: Page, text: string, tool: string): Promise<void> {
  const article = message(page, text)
  await article.hover()
  await article.locator(`[data-tool="${tool}"]`).click()
}

/** What the domestic API answers to the person of this page. */
export async function api<T>(page: Page, path: string): Promise<T> {
  const answer = await page.request.get(path, { headers: { Accept: 'application/json' } })
  expect(answer.status(), path).toBe(200)
  return (await answer.json()) as T
}
