// The pipeline itself: what the server draws comes to life in the browser, guarded and without a complaint.

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

test('the front end arrives compressed and may be kept for good', async ({ page }) => {
  const wasm = page.waitForResponse((response) => response.url().endsWith('.wasm'));
  await open(page, '/');
  const headers = await (await wasm).allHeaders();
  expect(headers['content-type']).toBe('application/wasm');
  expect(headers['content-encoding']).toBe('br');
  expect(headers['cache-control']).toContain('immutable');
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
