// Releasing a function to the pool, and taking that back.

import { expect, lab, test } from '../fixtures/rack.ts';

test('by mouse', async ({ board, rack, readRack }) => {
  const [vf, from] = [rack.function(lab.onFirst), rack.host(lab.first)];
  await board.drag(board.chip(from, vf), board.pool(vf));
  await expect(board.sheet).toContainText(`Release ${vf.name} from ${from.name}`);
  await board.apply('released by mouse');
  await board.applied();
  await expect(board.chip(from, vf)).toHaveCount(0);
  expect((await readRack()).portOf(lab.onFirst)).toBeNull();
});

test('by keyboard', async ({ board, rack, readRack }) => {
  const [vf, from] = [rack.function(lab.onFirst), rack.host(lab.first)];
  await board.chip(from, vf).focus();
  await board.page.keyboard.press('Delete');
  await expect(board.sheet).toContainText(`Release ${vf.name} from ${from.name}`);
  await board.apply('released by keyboard');
  await board.applied();
  expect((await readRack()).portOf(lab.onFirst)).toBeNull();
});

test('is undone through the same sheet', async ({ board, rack, readRack }) => {
  const [vf, from] = [rack.function(lab.onFirst), rack.host(lab.first)];
  await board.chip(from, vf).focus();
  await board.page.keyboard.press('Delete');
  await board.apply('released by mistake');
  await expect(board.ending).toContainText('Applied.');
  await board.sheet.getByRole('button', { name: 'Undo' }).click();
  await expect(board.sheet).toContainText(`Undo change 1: assign ${vf.name} to ${from.name}`);
  const reason = board.sheet.getByLabel(/Reason/);
  await expect(reason).toHaveValue('Undo change 1');
  await expect(reason).toBeFocused();
  await board.page.keyboard.press('Enter');
  await board.applied();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.first);
});
