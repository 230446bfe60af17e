import { test as base, expect, type BrowserContext, type Page } from '@playwright/test'
import { Server, type Start } from './server.ts'

/** What of the pages' scripts a browser gets: all, all but the wasm, or none. */
export type Mode = 'full' | 'no-wasm' | 'no-scripts'

export interface Options {
  mode: Mode
  /** How the test's own server is started. */
  serve: Start
  /** Errors in the console that this test provokes: a refused request is one to a browser. */
  provoked: RegExp | null
}

interface Fixtures {
  /** A server that this test has for itself. */
  server: Server
  /** Opens a browser of its own (cookies, storage) on the test's server, or on another one. */
  open: (path?: string, on?: Server) => Promise<Page>
  /** Platforms for these domains, each `em2.<domain>`, that find each other. */
  platforms: (...domains: string[]) => Promise<Server[]>
}

export const test = base.extend<Options & Fixtures>({
  mode: ['full', { option: true }],
  serve: [{}, { option: true }],
  provoked: [null, { option: true }],

  server: async ({ serve }, use, info) => {
    const server = await Server.start(serve)
    await use(server)
    if (info.status !== info.expectedStatus) {
      await info.attach('server.log', { body: server.log, contentType: 'text/plain' })
    }
    await server.stop()
  },

  platforms: async ({}, use, info) => {
    const started: Server[] = []
    await use(async (...domains) => {
      const flags = (domain: string) => ['--platform', `em2.${domain}`, '--domains', domain]
      const nowhere = { EM2_ROUTES: 'em2.nowhere.test=http://127.0.0.1:9' }
      for (const domain of domains) started.push(await Server.start({ flags: flags(domain), env: nowhere }))
      // Only now it is known where each of them is.
      const routes = domains.map((domain, at) => `em2.${domain}=${started[at]?.url}`).join(',')
      for (const [at, domain] of domains.entries()) {
        await started[at]?.restart({ flags: flags(domain), env: { EM2_ROUTES: routes } })
      }
      return started
    })
    for (const server of started) {
      if (info.status !== info.expectedStatus) {
        await info.attach('server.log', { body: server.log, contentType: 'text/plain' })
      }
      await server.stop()
    }
  },

  baseURL: async ({ server }, use) => use(server.url),

  context: async ({ context, mode, provoked }, use) => {
    const complaints = await prepare(context, mode, provoked)
    await use(context)
    expect(complaints, 'what the browser complained about').toEqual([])
  },

  // After the platforms, so that every browser is closed before what it is connected to ends.
  open: async (
    { browser, contextOptions, server, platforms: _, mode, provoked, viewport, locale, timezoneId, colorScheme },
    use,
  ) => {
    const opened: { context: BrowserContext; complaints: string[] }[] = []
    await use(async (path = '/', on = server) => {
      const context = await browser.newContext({
        ...contextOptions,
        baseURL: on.url,
        javaScriptEnabled: mode !== 'no-scripts',
        viewport,
        locale,
        timezoneId,
        colorScheme,
      })
      opened.push({ context, complaints: await prepare(context, mode, provoked) })
      const page = await context.newPage()
      await page.goto(path)
      return page
    })
    for (const { context } of opened) await context.close()
    expect(opened.flatMap(({ complaints }) => complaints), 'what the browsers complained about').toEqual([])
  },
})

/** Blocks what the mode withholds, and collects every error that a page shows in its console or throws. */
async function prepare(context: BrowserContext, mode: Mode, provoked: RegExp | null): Promise<string[]> {
  const complaints: string[] = []
  if (mode === 'no-wasm') await context.route('**/*.wasm', route => route.abort())
  const isWanted = (text: string) =>
    (mode === 'no-wasm' && /\.wasm|Failed to fetch|ERR_FAILED/.test(text)) || !!provoked?.test(text)
  context.on('console', message => {
    const text = `${message.text()} (${message.location().url})`
    if (message.type() === 'error' && !isWanted(text)) complaints.push(text)
  })
  context.on('weberror', error => {
    const text = error.error().stack ?? error.error().message
    if (!isWanted(text)) complaints.push(text)
  })
  return complaints
}

/**
 * Resolves when the page's own code answers clicks. The browser half sets
 * `data-hydrated` on the document's root element; without it there is nothing to wait for.
 */
export async function ready(page: Page, mode: Mode): Promise<void> {
  if (mode === 'full') await expect(page.locator('html')).toHaveAttribute('data-hydrated', '')
}

export { expect }
