// What a person sees when things go wrong, and that nothing is lost.

import { writeFile } from 'node:fs/promises';
import { SmallDisk } from '../fixtures/disk.ts';
import { expectAccessible, open } from '../fixtures/index.ts';
import { expect, lab, test } from '../fixtures/rack.ts';
import { slow, slowSoftswitch } from '../fixtures/slow.ts';
import { Softswitch } from '../fixtures/softswitch.ts';
import { Board } from '../pages/board.ts';

test('a switch that goes away is said, and the board shows the last good picture', async ({ board, softswitch, rack }) => {
  const [vf, from] = [rack.function(lab.onFirst), rack.host(lab.first)];
  await softswitch.kill();
  await expect(board.page.getByRole('alert').filter({ hasText: 'does not answer' })).toBeVisible();
  await expect(board.chip(from, vf)).toBeVisible();
  await board.chip(from, vf).focus();
  await board.page.keyboard.press('m');
  for (const item of await board.page.getByRole('menuitem', { name: /host-/ }).all()) {
    await expect(item).toHaveAttribute('aria-disabled', 'true');
  }
  await board.page.keyboard.press('Escape');
  await expectAccessible(board.page);
  const back = await Softswitch.start({ listen: softswitch.address });
  await expect(board.page.getByRole('alert').filter({ hasText: 'does not answer' })).toHaveCount(0);
  await back.kill();
});

test('a function bound behind our back appears where it is, and the history says so', async ({ board, softswitch, rack, page }) => {
  const [vf, host] = [rack.function(lab.free), rack.host(lab.third)];
  await softswitch.bind(lab.third, 7, Number(vf.pdfid));
  await expect(board.chip(host, vf)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Just now' })).toContainText('was changed outside Patchbay');
  await page.goto('/history');
  await expect(page.getByText(`${vf.name} from the pool to ${host.name}`)).toBeVisible();
});

test.describe('a switch that came up empty', () => {
  test.use({ serverArgs: ['--lab', 'large'] });

  test('is brought back by one plan, of which the steps and the buttons stay in sight', async ({ page, readRack }) => {
    await expect.poll(async () => (await readRack()).hosts.length, 'both switches are read').toBe(64);
    await open(page, '/lab');
    const bindings = page.locator('select').filter({ hasText: 'losing its bindings' }).first();
    await bindings.selectOption({ label: 'losing its bindings' });
    await page.getByRole('button', { name: 'Reboot' }).first().click();
    const board = await new Board(page).open();
    const drift = page.getByTestId('drift');
    await expect(drift).toContainText('512 functions are not where the history has them.');
    await drift.getByRole('button', { name: 'Revert all' }).click();
    const steps = board.sheet.getByRole('listitem');
    await expect(steps).toHaveCount(513);
    await expect(steps.first()).toBeInViewport();
    await expect(board.sheet.getByRole('button', { name: 'Apply' })).toBeInViewport();
    await steps.first().locator('xpath=..').focus();
    await page.keyboard.press('End');
    await expect(steps.last()).toBeInViewport();
    await expect(board.sheet.getByRole('button', { name: 'Apply' })).toBeInViewport();
    await board.sheet.getByLabel(/Reason/).focus();
    await board.apply(' (it came up empty)');
    await board.applied();
    await expect(drift).toHaveCount(0);
  });
});

test.describe('a switch that vanishes in the middle of a move', () => {
  test.use({ softswitch: slowSoftswitch });

  test('ends as rolled back, with the undo on the sheet', async ({ board, softswitch, rack, readRack }) => {
    const [vf, from, to] = [rack.function('0x1001'), rack.host(0), rack.host(4)];
    await board.drag(board.chip(from, vf), board.host(to));
    await board.apply('into the unknown');
    const steps = board.page.getByTestId('steps').getByRole('listitem');
    await expect(steps.nth(0)).toHaveAttribute('data-mark', 'done');
    await expect(steps.nth(1)).toHaveAttribute('data-mark', 'running');
    await expect(board.chip(from, vf)).toHaveAttribute('data-flight', 'leaving');
    await expect(board.chip(to, vf)).toHaveAttribute('data-flight', 'arriving');
    await softswitch.kill();
    const { rack: file, state } = softswitch.options;
    await writeFile(file ?? '', slow.replace('bind = 60000', 'bind = 0'));
    const again = await Softswitch.start({ listen: softswitch.address, rack: file ?? '', state: state ?? '' });
    await expect(board.ending).toContainText('Rolled back');
    await expect(steps.nth(1)).toHaveAttribute('data-mark', 'failed');
    await expect(board.page.getByTestId('undo-steps').getByRole('listitem').first()).toBeVisible();
    await expect(board.chip(from, vf)).toBeVisible();
    await expect(board.chip(to, vf)).toHaveCount(0);
    expect((await readRack()).portOf('0x1001')).toBe(0);
    await again.kill();
  });
});

const onSmallDisk = test.extend<{ disk: SmallDisk }>({
  disk: async ({ serverArgs }, use) => SmallDisk.with(serverArgs, use),
  server: async ({ disk }, use) => use(disk.server),
});

onSmallDisk.describe('a disk that is full', () => {
  // The change that is refused.
  onSmallDisk.use({ tolerated: [/the server responded with a status of 500/] });

  onSmallDisk.beforeAll(async () => {
    onSmallDisk.skip(!(await SmallDisk.permitted()), 'this system does not let tests mount a small disk');
  });

  onSmallDisk('is said on the board until there is space, and the same plan is applied then', async ({ board, disk, rack, readRack }) => {
    const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
    const banner = board.page.getByTestId('trouble');
    await expect(banner).toHaveCount(0);
    disk.fill();
    await board.drag(board.chip(from, vf), board.host(to));
    await board.apply('INC-4411');
    await expect(board.sheet).toContainText('The disk is full, so nothing was written.');
    await expect(banner).toContainText('The disk is full');
    await expect(board.chip(from, vf)).toBeVisible();
    await expectAccessible(board.page);
    await disk.makeRoom();
    await expect(banner).toHaveCount(0);
    await board.sheet.getByRole('button', { name: 'Apply' }).click();
    await board.applied();
    expect((await readRack()).portOf(lab.onFirst)).toBe(lab.third);
  });
});
