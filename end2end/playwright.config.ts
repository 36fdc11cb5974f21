// How the browser tests run: in the system's Chromium, each against a server of its own.

import { defineConfig } from '@playwright/test';

/** The browser; `cargo xtask test` names the one that it found. */
const chromium = process.env['PATCHBAY_CHROMIUM'] ?? '/usr/bin/chromium';

/** Quiet, and nothing that reaches beyond the machine. The sandbox needs rights that a container lacks. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  retries: 0,
  // Long enough that a busy machine never decides whether a test passes.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    launchOptions: { executablePath: chromium, args: flags },
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
  },
});
