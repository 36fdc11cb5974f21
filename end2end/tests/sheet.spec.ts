// The plan sheet when it has much to say: the title, the reason and the buttons stay in reach.

import { expectAccessible } from '../fixtures/index.ts';
import { expect, test } from '../fixtures/rack.ts';
import { Board } from '../pages/board.ts';

/** How many hosts lose something. */
const losers = 12;

test.use({ serverArgs: ['--lab', 'large'] });

for (const [width, height] of [
  [1440, 900],
  [1300, 700],
  [390, 844],
] as const) {
  test(`a plan that disrupts many hosts can be read and applied in a window of ${width} by ${height}`, async ({
    page,
    readRack,
  }) => {
    await expect.poll(async () => (await readRack()).hosts.length, 'both switches are read').toBe(64);
    await page.setViewportSize({ width, height });
    const board = await new Board(page).open();
    const hosts = page.locator('section[data-host]').filter({ has: page.locator('.chip') });
    for (let index = 0; index < losers; index += 1) {
      await hosts.nth(index).locator('.chip').first().click({ modifiers: ['ControlOrMeta'] });
    }
    await page.getByRole('toolbar', { name: 'Selected functions' }).getByRole('button', { name: 'Release' }).click();
    await expect(board.sheet.getByRole('list', { name: 'What it disrupts' }).getByRole('listitem')).toHaveCount(losers);
    await expect(board.sheet.getByRole('heading', { level: 2 })).toBeInViewport();
    await expect(board.sheet.getByLabel(/Reason/)).toBeFocused();
    await expect(board.sheet.getByLabel(/Reason/)).toBeInViewport({ ratio: 1 });
    await expectAccessible(page);
    await page.keyboard.type('all of them');
    // By mouse: nothing may lie over the buttons.
    const apply = board.sheet.getByRole('button', { name: 'Apply' });
    await expect(apply).toBeInViewport({ ratio: 1 });
    await apply.click();
    await expect(board.ending).toContainText('Applied.');
    const close = board.sheet.getByRole('button', { name: 'Close' });
    await expect(close).toBeInViewport({ ratio: 1 });
    await close.click();
    await expect(board.sheet).toBeHidden();
  });
}
