// The board with a plan on its sheet, light and dark, on the built-in lab.

import { expect, open, test } from '../fixtures/index.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the board, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await open(page, '/');
    const chip = page.locator('section.host', { hasText: 'db-02' }).locator('.chip').first();
    await expect(chip).toBeVisible();
    const [from, to] = [await chip.boundingBox(), await page.locator('section.host', { hasText: 'web-03' }).boundingBox()];
    if (from === null || to === null) throw new Error('the board is not on the screen');
    await page.mouse.move(from.x + 20, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(from.x + 40, from.y + 20);
    await page.mouse.move(to.x + to.width - 20, to.y + 30, { steps: 10 });
    await page.mouse.up();
    await expect(page.getByTestId('sheet')).toBeVisible();
    await page.getByLabel(/Reason/).fill('INC-4411: web-03 needs the faster path');
    await page.screenshot({ path: `pictures/board-${colorScheme}.png` });
  });
}
