// The board and the history on a telephone, and the board in windows of every width.

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

test('the rack has room beside the plan in a window of any width', async ({ board, page }) => {
  for (const width of [390, 760, 761, 900, 1000, 1100, 1260, 1261, 1280, 1366, 1440, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    const room = await board.page.locator('#main').boundingBox();
    const end = (room?.x ?? 0) + (room?.width ?? 0);
    for (const card of await page.locator('.board-rack .card').all()) {
      const box = await card.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? Infinity), `${width} px wide`).toBeLessThanOrEqual(end);
    }
  }
});
