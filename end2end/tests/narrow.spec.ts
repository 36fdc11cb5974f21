// The board and the history on a telephone.

import { expectAccessible, open } from '../fixtures/index.ts';
import { expect, lab, test } from '../fixtures/rack.ts';

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

test('nothing is wider than the screen', async ({ board, page, rack, request }) => {
  const moves = [{ function: rack.function(lab.free).id, to: rack.host(lab.third).id }];
  const data = { intent: { moves }, reason: 'something to look at', seen: rack.generation };
  await request.post('/api/v1/changes?wait=true', { data });
  for (const address of ['/', '/history', '/history/1', '/switches/1/ports']) {
    if (address !== '/') await page.goto(address);
    else await board.open();
    const [inner, scroll] = await page.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
    expect(scroll, address).toBeLessThanOrEqual(inner ?? 0);
  }
  await open(page, '/history');
  await expectAccessible(page);
});

test('a function moves by touch, through its menu', async ({ board, rack, readRack }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.chip(from, vf).tap();
  await board.page.getByRole('button', { name: 'Move to…' }).first().tap();
  await board.page.getByRole('menuitem', { name: to.name }).tap();
  await board.sheet.getByLabel(/Reason/).fill('moved by touch');
  await board.sheet.getByRole('button', { name: 'Apply' }).tap();
  await board.applied();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
});
