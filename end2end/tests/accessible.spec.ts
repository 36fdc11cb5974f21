// Every face of the board, checked by axe in light and in dark.

import { expectAccessible } from '../fixtures/index.ts';
import { expect, lab, test } from '../fixtures/rack.ts';

test('selected, carried, in the menu, on the sheet, and applied', async ({ board, rack, page }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  const chip = board.chip(from, vf);
  await chip.click();
  await expect(page.getByRole('toolbar', { name: 'Selected functions' })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await board.pickUp(chip);
  await board.press('ArrowDown', `to ${to.name}, port`);
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await chip.focus();
  await page.keyboard.press('m');
  await expect(page.getByRole('menu')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('menuitem', { name: to.name }).click();
  await expect(board.sheet).toBeVisible();
  await expectAccessible(page);
  await board.apply('looked at by axe');
  await expect(board.ending).toContainText('Applied.');
  await expectAccessible(page);
});
