// Everything that the lab can break, and what the board says about it.

import { expectAccessible, open } from '../fixtures/index.ts';
import { expect, lab as at, test as base } from '../fixtures/rack.ts';
import { Lab } from '../pages/lab.ts';

const test = base.extend<{ lab: Lab }>({
  lab: async ({ context, board }, use) => {
    expect(board.page.url()).toContain('http');
    await use(await Lab.open(context));
  },
});

/** The slot of the NIC with fifteen VFs. */
const nic = 16;

// The built-in lab, with a switch that counts as away after two seconds: a command that hangs is waited for.
test.use({ serverArgs: ['--lab', '--answer-within', '2'] });

test.beforeEach(({ page }) => page.bringToFront());

test('a pulled cable is a host without a link, and plugged it is back', async ({ board, lab, rack }) => {
  const card = board.host(rack.host(at.first));
  await lab.order('pull_cable', {}, at.first);
  await expect(card).toContainText('no link');
  await expect(card.locator('.badge')).toHaveText('down');
  await lab.order('plug_cable', {}, at.first);
  await expect(card.locator('.badge')).toHaveText('up');
});

test('the same by keyboard alone', async ({ board, lab, rack }) => {
  await lab.form('pull_cable', at.first).getByRole('button').focus();
  await lab.page.keyboard.press('Enter');
  await expect(lab.said.first()).toHaveAttribute('data-tone', 'ok');
  await expect(board.host(rack.host(at.first)).locator('.badge')).toHaveText('down');
});

test('a cable that stays out is a trouble, from when it went to when it was back for long enough', async ({
  board,
  lab,
  rack,
  page,
  request,
}) => {
  const host = rack.host(at.first);
  const card = board.host(host);
  await lab.order('pull_cable', {}, at.first);
  await expect(card.locator('.badge')).toHaveText('down');
  await expect(card.locator('.ails')).toContainText('went down');
  await expect(page.getByRole('region', { name: 'Just now' })).toContainText(`The link of ${host.name} went down`);
  await expectAccessible(page);
  const { health } = (await (await request.get('/api/v1/topology')).json()) as { health: { subject: string }[] };
  expect(health.map(({ subject }) => subject)).toEqual([`host-${host.id}-down`]);
  await lab.order('plug_cable', {}, at.first);
  await expect(card.locator('.badge')).toHaveText('up');
  await expect(card.locator('.ails')).toHaveCount(0);
  await open(page, `/history?host=${host.id}&kind=links`);
  const lines = page.locator('.line-title');
  await expect(lines).toHaveCount(2);
  await expect(lines.first()).toContainText(`The link of ${host.name} is up again after`);
  await expect(lines.last()).toContainText(`The link of ${host.name} went down`);
});

test('a link that trains narrower or slower is narrow, and says by how much', async ({ board, lab, rack }) => {
  const card = board.host(rack.host(at.first));
  await lab.order('train', { width: '1' }, at.first);
  await expect(card.locator('.badge')).toHaveText('narrow');
  await expect(card).toContainText('x1 of x4');
  await lab.order('train', { gen: '2' }, at.first);
  await expect(card).toContainText('5 of 16 GT/s');
  await lab.order('train', {}, at.first);
  await expect(card.locator('.badge')).toHaveText('up');
});

test('a pulled adapter is absent with its functions unbound, and comes back', async ({ board, lab, rack, readRack }) => {
  const [vf, host] = [rack.function(at.onFirst), rack.host(at.first)];
  await expect(board.chip(host, vf)).toBeVisible();
  await lab.order('pull_adapter', {}, nic);
  await expect(board.pool(vf)).toContainText('not there');
  await expect(board.chip(host, vf)).toHaveCount(0);
  const line = board.page.getByRole('region', { name: 'Just now' }).getByRole('listitem').first();
  await expect(line, 'who lost what').toContainText(`${vf.name} of ${host.name}`);
  await lab.order('plug_adapter', {}, nic);
  await expect(board.pool(vf)).not.toContainText('not there');
  expect((await readRack()).function(at.onFirst).id).toBe(vf.id);
});

test('a surprise removal is said as the error that it is', async ({ board, lab, rack }) => {
  await lab.order('surprise_remove', {}, nic);
  await expect(board.pool(rack.function(at.onFirst))).toContainText('not there');
  await expect(board.page.getByRole('list', { name: 'Concerns' })).toContainText(`Port ${nic}:`);
});

for (const [severity, words] of [
  ['correctable', 'reported error'],
  ['non_fatal', 'reported error'],
  ['fatal', 'uncorrectable error'],
] as const) {
  test(`a ${severity} error stands over the board and on the page of ports`, async ({ board, lab, page }) => {
    await lab.order('raise_aer', { severity }, nic);
    await expect(page.getByRole('list', { name: 'Concerns' })).toContainText(`Port ${nic}: ${words}`);
    await page.getByRole('link', { name: 'Ports and health' }).click();
    await expect(page.locator(`tr[data-port="${nic}"]`)).toContainText(words);
    expect(board.page.url()).toContain('/ports');
    if (severity === 'fatal') await expectAccessible(page);
  });
}

test('a hot switch is said with its temperature, until it has cooled down', async ({ board, lab, page }) => {
  await lab.order('heat', { celsius: '98' });
  await expect(page.getByTestId('heat')).toHaveText('98.0 °C');
  await expect(page.getByText('The switch is hot: 98.0 °C')).toBeVisible();
  await expectAccessible(board.page);
  await lab.order('heal');
  await expect(page.getByText('The switch is hot')).toHaveCount(0);
});

test('a refused step is undone, with the reason on the sheet', async ({ board, lab, rack, readRack }) => {
  const [vf, from, to] = [rack.function(at.onFirst), rack.host(at.first), rack.host(at.third)];
  await lab.order('refuse', { command: 'bind', nth: '1', code: '0x84005' });
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('into a refusal');
  await expect(board.ending).toContainText('Rolled back');
  await expect(board.sheet).toContainText('0x84005');
  await expect(board.chip(from, vf)).toBeVisible();
  const marks = (list: string) =>
    board.sheet.getByTestId(list).getByRole('listitem').evaluateAll((all) => all.map((one) => one.dataset['mark']));
  expect(await marks('steps'), 'nothing is said to be read that was not').toEqual(['done', 'failed', 'not reached']);
  expect(await marks('undo-steps'), 'both steps, and that all is as before').toEqual(['done', 'done', 'done']);
  expect((await readRack()).portOf(at.onFirst)).toBe(at.first);
});

test('a change that can neither be done nor undone asks on its sheet what shall be, and says later what settled it', async ({
  board,
  lab,
  rack,
  page,
  readRack,
}) => {
  const [vf, from, to] = [rack.function(at.onFirst), rack.host(at.first), rack.host(at.third)];
  await lab.order('refuse', { command: 'bind', nth: '1', code: '0x84005' });
  await lab.order('refuse', { command: 'bind', nth: '2', code: '0x84005' });
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('into two refusals');
  await expect(board.ending).toContainText('Needs you');
  const accept = board.sheet.getByRole('button', { name: 'Accept what the switch says…' });
  await expect(accept).toBeVisible();
  await expectAccessible(page);
  const stuck = await board.sheet.getByRole('link', { name: /^Change \d+$/ }).getAttribute('href');
  await expect(page.getByTestId('drift'), 'what it left is found').toContainText(vf.name);
  const needsYou = '/history?outcome=needs_you';
  expect(await (await page.request.get(needsYou)).text()).toContain('into two refusals');
  await board.sheet.getByRole('button', { name: 'Try again…' }).click();
  await expect(board.sheet).toContainText(`Finish change 1: assign ${vf.name} to ${to.name}`);
  await board.apply(' (the second time)');
  await board.applied();
  expect((await readRack()).portOf(at.onFirst)).toBe(at.third);
  await expect(page.getByRole('region', { name: 'Just now' }).getByText('settled', { exact: true })).toBeVisible();
  await open(page, needsYou);
  await expect(page.getByText('Nothing fits these filters')).toBeVisible();
  await open(page, stuck ?? '');
  await expect(page.getByText(/Change \d+ settled it\./)).toBeVisible();
  await expect(page.getByRole('region', { name: 'What was made from it' })).toContainText(`Finish change 1: assign ${vf.name}`);
  await expect(page.getByRole('link', { name: 'Try again…' })).toHaveCount(0);
  await expectAccessible(page);
});

for (const when of ['before', 'after']) {
  test(`a connection that drops ${when} the bind leaves all as before or all done`, async ({
    board,
    lab,
    rack,
    readRack,
  }) => {
    const [vf, from, to] = [rack.function(at.onFirst), rack.host(at.first), rack.host(at.third)];
    await lab.order('drop_connection', { command: 'bind', nth: '1', when });
    await board.drag(board.chip(from, vf), board.host(to));
    await board.apply('into a broken line');
    await expect(board.ending).toContainText(/Rolled back|Applied/);
    const port = (await readRack()).portOf(at.onFirst);
    const applied = (await board.ending.textContent())?.includes('Applied') === true;
    expect(port).toBe(applied ? at.third : at.first);
    await expect(board.chip(applied ? to : from, vf)).toBeVisible();
  });
}

test('a command that hangs is given up and undone', async ({ board, lab, rack, readRack }) => {
  const [vf, from, to] = [rack.function(at.onFirst), rack.host(at.first), rack.host(at.third)];
  await lab.order('hang', { command: 'bind', nth: '1' });
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('into silence');
  await expect(board.chip(from, vf)).toHaveAttribute('data-flight', 'leaving');
  await expect(board.ending).toContainText('Rolled back');
  expect((await readRack()).portOf(at.onFirst)).toBe(at.first);
});

test('a slow switch is waited for, in flight until it has answered', async ({ board, lab, rack }) => {
  const [vf, from, to] = [rack.function(at.onFirst), rack.host(at.first), rack.host(at.third)];
  await lab.order('slow', { command: 'bind', ms: '1500' });
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('in its own time');
  await expect(board.chip(to, vf)).toHaveAttribute('data-flight', 'arriving');
  await board.applied();
  await expect(board.chip(to, vf)).toBeVisible();
});

test('a reboot that keeps its bindings changes nothing', async ({ board, lab, rack, page, readRack }) => {
  const before = (await readRack()).portOf(at.onFirst);
  await lab.order('reboot', { bindings: 'keep' });
  await expect(page.locator('.head .badge')).toHaveText('ready');
  await open(page, '/history');
  await expect(page.getByText('was changed outside Patchbay')).toHaveCount(0);
  expect((await readRack()).portOf(at.onFirst)).toBe(before);
  expect(rack.generation).toBe((await readRack()).generation);
  expect(board.page).toBe(page);
});

test('a reboot that loses its bindings is shown as it is, and nothing is repaired', async ({ board, lab, rack, page }) => {
  const [vf, host] = [rack.function(at.onFirst), rack.host(at.first)];
  await lab.order('reboot', { bindings: 'lose' });
  await expect(board.chip(host, vf)).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Just now' })).toContainText('was changed outside Patchbay');
});

test('what is bound and unbound behind the manager appears where it is', async ({ board, lab, rack, page }) => {
  const [vf, host] = [rack.function(at.free), rack.host(at.third)];
  await lab.order('bind', { functions: at.free, port: String(at.third), logical_port: '7' });
  await expect(board.chip(host, vf)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Just now' })).toContainText('was changed outside Patchbay');
  await lab.page.getByText('Unbind', { exact: true }).first().click();
  const bound = lab.page.getByRole('list', { name: 'What is bound' }).getByRole('listitem');
  await bound.filter({ hasText: at.free }).getByRole('button', { name: 'Unbind' }).click();
  await expect(board.chip(host, vf)).toHaveCount(0);
});

test('a function with another PDFID is the same function', async ({ board, lab, rack, readRack }) => {
  const [vf, host] = [rack.function(at.onFirst), rack.host(at.first)];
  await lab.order('rename', { function: at.onFirst, to: '0x1f00' });
  await expect.poll(async () => (await readRack()).functions.find(({ id }) => id === vf.id)?.pdfid).toBe('0x1f00');
  await expect(board.chip(host, vf)).toBeVisible();
  expect((await readRack()).portOf('0x1f00')).toBe(at.first);
});

test('another card in a slot is another adapter', async ({ board, lab, rack, readRack }) => {
  const vf = rack.function(at.onFirst);
  await expect(board.pool(vf)).toBeVisible();
  await lab.order('swap', { adapter: 'nvme' }, nic);
  await expect(board.pool(vf)).toHaveCount(0);
  await expect(board.page.locator('section[data-kind="nvme"]', { hasText: `slot ${nic} ·` })).toBeVisible();
  expect((await readRack()).functions.map(({ id }) => id)).not.toContain(vf.id);
});

test('an order that cannot be carried out says why, and changes nothing', async ({ board, lab, rack, readRack }) => {
  await lab.send('bind', { functions: at.free, port: String(at.third), logical_port: '200' });
  await expect(lab.said.first()).toHaveAttribute('data-tone', 'bad');
  await expect(lab.said.first()).toContainText('logical port');
  expect((await readRack()).generation).toBe(rack.generation);
  await expectAccessible(lab.page);
  expect(board.page.isClosed()).toBe(false);
});

test.describe('on a telephone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('the lab is no wider than the screen', async ({ lab }) => {
    await lab.page.setViewportSize({ width: 390, height: 844 });
    const [inner, scroll] = await lab.page.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
    expect(scroll).toBeLessThanOrEqual(inner ?? 0);
    await lab.form('heat').getByRole('button').tap();
    await expect(lab.said).toHaveCount(1);
  });
});
