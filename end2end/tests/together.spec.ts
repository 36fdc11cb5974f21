// Several people at once: what one does, the other sees.

import { open } from '../fixtures/index.ts';
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
  const news = board.sheet.locator('.news');
  await expect(news).toContainText(`${vf.name} is in the pool now, no longer on ${from.name}`);
  await expect(news).toContainText(/was changed by operator with change \d+\./);
  await expect(news, 'only what is so now').not.toContainText('can');
  await board.apply('and given back');
  await board.applied();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
});

test.describe('a board that has not heard of it yet', () => {
  // The change that comes too late.
  test.use({ tolerated: [/the server responded with a status of 409/] });

  test('plans again on what the answer brings, without asking for more', async ({ board, second, rack, readRack }) => {
    // Its stream is opened and never answered.
    await second.route('**/live?*', () => {});
    await open(second, '/');
    const late = new Board(second);
    const [vf, from, to, instead] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third), rack.host(lab.second)];
    await board.drag(board.chip(from, vf), board.host(to));
    await board.apply('the first one');
    await board.applied();

    await late.drag(late.chip(from, vf), late.host(instead));
    const asked: string[] = [];
    second.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await late.apply('too late');
    await expect(late.sheet).toContainText(`${vf.name} is on ${to.name}, logical port`);
    await expect(late.sheet).toContainText(`no longer on ${from.name}`);
    await expect(late.sheet).toContainText(/changed by operator with change \d+\./);
    expect(asked.filter((path) => path !== '/live'), 'the change, and nothing else').toHaveLength(1);
    await late.sheet.getByRole('button', { name: 'Apply' }).click();
    await expect.poll(async () => (await readRack()).portOf(lab.onFirst)).toBe(lab.second);
  });
});
