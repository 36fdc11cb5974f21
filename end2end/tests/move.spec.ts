// Moving a function from one host to another.

import { expect, lab, test } from '../fixtures/rack.ts';

test('by mouse', async ({ board, rack, readRack }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.drag(board.chip(from, vf), board.host(to));
  await expect(board.sheet).toContainText(`Move ${vf.name} to ${to.name}`);
  await expect(board.sheet).toContainText(`${from.name} loses ${vf.name}`);
  await expect(board.sheet.getByRole('list', { name: 'Steps' }).getByRole('listitem')).toHaveCount(3);
  await board.apply('moved by mouse');
  await board.applied();
  await expect(board.chip(to, vf)).toBeVisible();
  await expect(board.chip(from, vf)).toHaveCount(0);
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
});

test('by keyboard', async ({ board, rack, readRack }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.pickUp(board.chip(from, vf));
  await board.press('ArrowDown', `to ${to.name}, port`);
  await board.page.keyboard.press('Enter');
  await board.apply('moved by keyboard');
  await board.applied();
  await expect(board.chip(to, vf)).toBeVisible();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
});

test('through the menu, without any dragging', async ({ board, rack, readRack }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.chip(from, vf).focus();
  await board.page.keyboard.press('m');
  const menu = board.page.getByRole('menu');
  await expect(menu.getByRole('menuitem', { name: rack.host(lab.dead).name })).toHaveAttribute('aria-disabled', 'true');
  await menu.getByRole('menuitem', { name: to.name }).click();
  await board.apply('moved through the menu');
  await board.applied();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
});

test('several at once are one change', async ({ board, rack, readRack }) => {
  const [from, to] = [rack.host(lab.first), rack.host(lab.third)];
  const both = [rack.function('0x1001'), rack.function('0x1002')] as const;
  await board.chip(from, both[0]).click({ modifiers: ['Control'] });
  await board.chip(from, both[1]).click({ modifiers: ['Control'] });
  await board.drag(board.chip(from, both[0]), board.host(to));
  await expect(board.sheet).toContainText(`Move 2 functions to ${to.name}`);
  await board.apply('two at once');
  await board.applied();
  const now = await readRack();
  expect([now.portOf('0x1001'), now.portOf('0x1002')]).toEqual([lab.third, lab.third]);
});

test('Escape lets go and nothing happens', async ({ board, rack, readRack }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.drag(board.chip(from, vf), board.host(to), async ({ page }) => page.keyboard.press('Escape'));
  await expect(board.carried).toBeHidden();
  await expect(board.sheet).toBeHidden();
  await board.drag(board.chip(from, vf), board.host(to));
  await expect(board.sheet).toBeVisible();
  await board.page.keyboard.press('Escape');
  await expect(board.sheet).toBeHidden();
  expect((await readRack()).generation).toBe(rack.generation);
});

test('a change needs a reason', async ({ board, rack, readRack }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('  ');
  await expect(board.sheet.getByRole('alert').filter({ hasText: 'Every change needs a reason' })).toBeVisible();
  expect((await readRack()).generation).toBe(rack.generation);
});
