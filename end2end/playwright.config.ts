import { defineConfig } from '@playwright/test'
import type { Options } from './support/fixtures.ts'

const isRoot = process.getuid?.() === 0

export default defineConfig<Options>({
  testDir: 'tests',
  forbidOnly: !!process.env.CI,
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.EM2_CHROMIUM ?? '/usr/bin/chromium',
      chromiumSandbox: !isRoot,
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // A story runs in all three modes, everything else only where all of it works.
  projects: [
    { name: 'full', use: { mode: 'full' } },
    { name: 'no-wasm', testDir: 'tests/stories', use: { mode: 'no-wasm' } },
    { name: 'no-scripts', testDir: 'tests/stories', use: { mode: 'no-scripts', javaScriptEnabled: false } },
  ],
})
