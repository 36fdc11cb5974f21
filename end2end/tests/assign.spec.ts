// Assigning a function from the pool to a host.

import { expect, lab, test } from '../fixtures/rack.ts';

test('by mouse', async ({ board, rack, readRack }) => {
  const [vf, host] = [rack.function(lab.free), rack.host(lab.third)];
  await board.drag(board.cell(vf), board.host(host), async ({ carried }) => {
    await expect(carried).toContainText(`to ${host.name}, port`);
    await expect(board.host(host)).toHaveAttribute('data-offer', 'accepts');
    await expect(board.host(rack.host(lab.dead))).toContainText('cable is down');
  });
  await expect(board.sheet).toContainText(`Assign ${vf.name} to ${host.name}`);
  await expect(board.chip(host, vf)).toHaveCount(0);
  await board.apply('assigned by mouse');
  await board.applied();
  await expect(board.chip(host, vf)).toBeVisible();
  expect((await readRack()).portOf(lab.free)).toBe(lab.third);
});

test('by keyboard', async ({ board, rack, readRack }) => {
  const [vf, host] = [rack.function(lab.free), rack.host(lab.third)];
  await board.pickUp(board.cell(vf));
  await board.press('ArrowDown', `to ${host.name}, port`);
  await board.page.keyboard.press('Enter');
  await expect(board.sheet).toContainText(`Assign ${vf.name} to ${host.name}`);
  await board.apply('assigned by keyboard');
  await board.applied();
  await expect(board.chip(host, vf)).toBeVisible();
  expect((await readRack()).portOf(lab.free)).toBe(lab.third);
});

test('a host with a dead cable refuses in words', async ({ board, rack, readRack }) => {
  const [vf, dead] = [rack.function(lab.free), rack.host(lab.dead)];
  await board.pickUp(board.cell(vf));
  await board.press('ArrowDown', 'cable is down');
  await expect(board.page.getByRole('status').filter({ hasText: 'Check the cable' })).toHaveCount(1);
  await board.page.keyboard.press('Enter');
  await expect(board.sheet).toBeHidden();
  await board.page.keyboard.press('Escape');
  await expect(board.carried).toBeHidden();
  expect((await readRack()).generation).toBe(rack.generation);
  expect(dead.link.up).toBe(false);
});
