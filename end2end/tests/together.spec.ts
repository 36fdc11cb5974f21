// Several people at once: what one does, the other sees.

import { Board } from '../pages/board.ts';
import { expect, lab, test } from '../fixtures/rack.ts';

test('a second browser sees a change without asking, and a reload shows the same', async ({ board, second, rack }, info) => {
  const other = await new Board(second).open();
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('seen by two');
  const here = board.chip(to, vf).and(board.page.locator(':not([data-flight])')).waitFor().then(() => Date.now());
  const there = other.chip(to, vf).and(second.locator(':not([data-flight])')).waitFor().then(() => Date.now());
  const behind_ms = Math.abs((await there) - (await here));
  info.annotations.push({ type: 'the second browser was behind by', description: `${behind_ms} ms` });
  await board.applied();
  await expect(other.chip(from, vf)).toHaveCount(0);
  const shown = async (page: Board) => page.page.locator('.chip').evaluateAll((chips) => chips.map((c) => c.ariaLabel));
  const before = await shown(board);
  await board.open();
  expect(await shown(board)).toEqual(before);
  expect(await shown(other)).toEqual(before);
});

test('what another person moves under an open sheet is said', async ({ board, second, rack, readRack }) => {
  const other = await new Board(second).open();
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.drag(board.chip(from, vf), board.host(to));
  await expect(board.sheet).toBeVisible();
  await other.chip(from, vf).focus();
  await second.keyboard.press('Delete');
  await other.apply('taken away first');
  await other.applied();
  await expect(board.sheet).toContainText(`Assign ${vf.name} to ${to.name}`);
  await board.apply('and given back');
  await board.applied();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
});
