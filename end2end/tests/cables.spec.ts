// A server that is cabled to two switches: functions of both go there by one plan, and come back by one.

import { expectAccessible } from '../fixtures/index.ts';
import { expect, test as base } from '../fixtures/rack.ts';
import type { Rack } from '../pages/rack.ts';

/** The switches of the pair. */
const [a, b] = [1, 2];
/** On web-01 at the start: a NIC's VF 1 of each switch. */
const [ofA, ofB] = ['0x1001', '0x1801'];
/** Host ports, the same on both switches. */
const [web01, db01] = [0, 4];
/** Four hosts with two cables each. */
const cables = 8;

const test = base.extend<{ pair: Rack }>({
  // Both switches are read before the board is opened, so that nothing is drawn anew under the test.
  pair: async ({ readRack }, use) => {
    await expect.poll(async () => (await readRack()).hosts.length, 'both switches are read').toBe(cables);
    await use(await readRack());
  },
});

test.use({ serverArgs: ['--lab', 'pair'] });

test('by mouse', async ({ pair, board, readRack, page }) => {
  const [one, other] = [pair.function(ofA), pair.function(ofB)];
  await board.open();
  await expect(board.host(pair.hostOn(a, web01))).toContainText('also on pax-b');
  await board.chip(pair.hostOn(a, web01), one).click();
  await page.getByRole('main').getByRole('link', { name: 'pax-b' }).click();
  await page.waitForURL(`**/switches/2?with=${one.id}`);
  await page.locator('body[data-live="on"]').waitFor({ state: 'attached' });
  const chip = board.chip(pair.hostOn(b, web01), other);
  await chip.click({ modifiers: ['Control'] });
  await expect(page.getByRole('toolbar')).toContainText(both(one.name, other.name));
  await expectAccessible(page);

  await board.drag(chip, board.host(pair.hostOn(b, db01)), async ({ carried }) => {
    await expect(carried).toContainText('to db-01');
  });
  await expect(board.sheet).toContainText('Move 2 functions to db-01');
  await expect(board.sheet).toContainText('pax-a, port 4, logical port 2');
  await expect(board.sheet).toContainText('pax-b, port 4, logical port 2');
  await board.apply('both by mouse');
  await board.applied();
  expect(placesIn(await readRack())).toEqual([`${a}/${db01}`, `${b}/${db01}`]);

  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await expect(board.sheet).toContainText('Undo change 1: move 2 functions to web-01');
  await board.apply('');
  await board.applied();
  expect(placesIn(await readRack())).toEqual([`${a}/${web01}`, `${b}/${web01}`]);
});

test('by keyboard', async ({ pair, board, readRack, page }) => {
  const [one, other] = [pair.function(ofA), pair.function(ofB)];
  await board.open();
  await board.chip(pair.hostOn(a, web01), one).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('main').getByRole('link', { name: 'pax-b' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/switches/2?with=${one.id}`);
  await page.locator('body[data-live="on"]').waitFor({ state: 'attached' });
  const chip = board.chip(pair.hostOn(b, web01), other);
  await chip.focus();
  await page.keyboard.press('Shift+Enter');
  await board.pickUp(chip);
  await expect(board.carried).toContainText(both(one.name, other.name));
  await board.press('ArrowDown', 'to db-01');
  await page.keyboard.press('Enter');
  await expect(board.sheet).toContainText('Move 2 functions to db-01');
  await board.apply('both by keyboard');
  await board.applied();
  expect(placesIn(await readRack())).toEqual([`${a}/${db01}`, `${b}/${db01}`]);

  await page.locator('.toast').getByRole('button', { name: 'Undo' }).focus();
  await page.keyboard.press('Enter');
  await board.apply('');
  await board.applied();
  expect(placesIn(await readRack())).toEqual([`${a}/${web01}`, `${b}/${web01}`]);
});

test('the menu has a server once, with the place by its other cable', async ({ pair, board, readRack, page }) => {
  const one = pair.function(ofA);
  await board.open();
  await board.chip(pair.hostOn(a, web01), one).click();
  await page.getByRole('navigation', { name: 'Patchbay' }).getByRole('link', { name: 'pax-b' }).click();
  await page.waitForURL(`**/switches/2?with=${one.id}`);
  await page.locator('body[data-live="on"]').waitFor({ state: 'attached' });
  await page.getByRole('toolbar').getByRole('button', { name: 'Move to…' }).click();
  const line = page.getByRole('menuitem', { name: /^db-01/ });
  await expect(line).toHaveCount(1);
  await expect(line).toHaveAccessibleName('db-01, logical port 2 on pax-a');
  await line.click();
  await board.apply('by the other cable');
  await board.applied();
  expect(placesIn(await readRack())).toEqual([`${a}/${db01}`, `${b}/${web01}`]);
});

/** The two by their names, in the order of their ids, which is that in which their switches were first read. */
function both(ofA: string, ofB: string): RegExp {
  const [a, b] = [`${ofA} of pax-a`, `${ofB} of pax-b`];
  return new RegExp(`${a} and ${b}|${b} and ${a}`);
}

/** Switch and host port of the two functions. */
function placesIn(rack: Rack): string[] {
  return [ofA, ofB].map((pdfid) => {
    const host = rack.hosts.find(({ id }) => id === rack.function(pdfid).assigned?.host);
    return `${host?.switch}/${host?.port}`;
  });
}
