// Swapping two functions between two hosts, in one plan.

import { expect, lab, test } from '../fixtures/rack.ts';

test('by mouse', async ({ board, rack, readRack }) => {
  const [one, other] = [rack.function(lab.onFirst), rack.function(lab.onSecond)];
  const [here, there] = [rack.host(lab.first), rack.host(lab.second)];
  await board.drag(board.chip(here, one), board.chip(there, other), async ({ carried }) => {
    await expect(carried).toContainText(`Swap with ${other.name}`);
  });
  await expect(board.sheet).toContainText(`Swap ${one.name} and ${other.name}`);
  await board.apply('swapped by mouse');
  await board.applied();
  const now = await readRack();
  expect([now.portOf(lab.onFirst), now.portOf(lab.onSecond)]).toEqual([lab.second, lab.first]);
});

test('by keyboard', async ({ board, rack, readRack }) => {
  const [one, other] = [rack.function(lab.onFirst), rack.function(lab.onSecond)];
  const [here, there] = [rack.host(lab.first), rack.host(lab.second)];
  await board.pickUp(board.chip(here, one));
  await board.press('ArrowDown', `to ${there.name}, port`);
  await board.press('ArrowRight', `Swap with ${other.name}`);
  await board.page.keyboard.press('Enter');
  await expect(board.sheet).toContainText(`Swap ${one.name} and ${other.name}`);
  await board.apply('swapped by keyboard');
  await board.applied();
  const now = await readRack();
  expect([now.portOf(lab.onFirst), now.portOf(lab.onSecond)]).toEqual([lab.second, lab.first]);
});
