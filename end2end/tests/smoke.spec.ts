// The pipeline itself: what the server draws comes to life in the browser, guarded and without a complaint.

import type { Response } from '@playwright/test';
import { expect, expectAccessible, open, test } from '../fixtures/index.ts';

test('the board comes to life', async ({ page }) => {
  await open(page, '/');
  await expect(page).toHaveTitle(/Patchbay/);
  await expectAccessible(page);
});

test('only this page\'s own scripts may run', async ({ request }) => {
  const response = await request.get('/');
  const policy = response.headers()['content-security-policy'] ?? '';
  expect(policy).toMatch(/script-src 'nonce-[^']+' 'strict-dynamic' 'wasm-unsafe-eval'/);
  expect(policy).not.toContain('unsafe-inline');
  const again = await request.get('/');
  expect(again.headers()['content-security-policy']).not.toBe(policy);
});

test('the front end arrives once, compressed, to be kept for good', async ({ page }) => {
  const responses: Response[] = [];
  page.on('response', (response) => responses.push(response));
  await open(page, '/');
  for (const [ending, type] of [['.wasm', 'application/wasm'], ['.js', 'text/javascript'], ['.css', 'text/css']] as const) {
    const [first, ...more] = responses.filter((response) => response.url().endsWith(ending));
    const headers = (await first?.allHeaders()) ?? {};
    expect(headers['content-type']).toContain(type);
    expect(headers['content-encoding']).toBe('br');
    expect(headers['cache-control']).toContain('immutable');
    expect(more, `${ending} is fetched once`).toEqual([]);
  }
});

test.describe('a path that leads nowhere', () => {
  test.use({ tolerated: [/the server responded with a status of 404/] });

  test('says so, with the right status', async ({ page }) => {
    const response = await page.goto('/no/such/page');
    expect(response?.status()).toBe(404);
    expect(response?.headers()['content-security-policy']).toContain('nonce-');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not found');
    await expectAccessible(page);
  });
});
