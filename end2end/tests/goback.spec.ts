// Going back: what somebody else changed, what is restored, and what is cancelled before it begins.

import { expectAccessible, open } from '../fixtures/index.ts';
import { expect, lab, test } from '../fixtures/rack.ts';
import { slowSoftswitch } from '../fixtures/slow.ts';

test.describe('a function that somebody else bound', () => {
  test('is shown with two answers, and accepting makes the history follow', async ({ board, softswitch, rack, readRack, page }) => {
    const [vf, host] = [rack.function(lab.free), rack.host(lab.third)];
    await softswitch.bind(lab.third, 7, Number(vf.pdfid));
    const drift = board.page.getByTestId('drift');
    await expect(drift).toContainText(`${vf.name} is wished in the pool, and is on ${host.name}, logical port 7.`);
    await expectAccessible(board.page);
    await drift.getByRole('button', { name: `Accept ${vf.name}` }).click();
    await expect(board.sheet).toContainText(`Accept ${vf.name} on ${host.name}`);
    await expect(board.sheet).toContainText('is not touched');
    await board.apply(' (agreed)');
    await expect(board.ending, 'nothing was read for it').toHaveText(
      'Accepted: the history follows what was found. No switch was touched.',
    );
    await expect(drift).toHaveCount(0);
    const change = await board.sheet.getByRole('link', { name: /^Change \d+$/ }).getAttribute('href');
    await board.page.keyboard.press('Enter');
    await expect(board.sheet).toBeHidden();
    await expect(board.chip(host, vf), 'the focus comes back to what it was about').toBeFocused();
    expect((await readRack()).portOf(lab.free)).toBe(lab.third);
    await open(page, change ?? '');
    await expect(page.getByRole('region', { name: 'What the history follows' })).toContainText(host.name);
    await expectAccessible(page);
    await open(page, `/history?function=${vf.id}`);
    await expect(page.getByRole('link', { name: `Accept ${vf.name} on ${host.name}` })).toBeVisible();
  });

  test('by keyboard alone, and reverting makes the switch follow', async ({ board, softswitch, rack, readRack }) => {
    const [vf, host] = [rack.function(lab.free), rack.host(lab.third)];
    await softswitch.bind(lab.third, 7, Number(vf.pdfid));
    const drift = board.page.getByTestId('drift');
    await drift.getByRole('button', { name: `Revert ${vf.name}` }).focus();
    await board.page.keyboard.press('Enter');
    await expect(board.sheet).toContainText(`Revert: release ${vf.name} from ${host.name}`);
    await board.apply(' (not agreed)');
    await board.applied();
    await expect(drift).toHaveCount(0);
    await expect(board.chip(host, vf)).toHaveCount(0);
    expect((await readRack()).portOf(lab.free)).toBeNull();
  });
});

test('a moment is restored by one plan, from the page of a change', async ({ board, rack, readRack, page }) => {
  const [vf, from, to] = [rack.function(lab.onFirst), rack.host(lab.first), rack.host(lab.third)];
  await board.drag(board.chip(from, vf), board.host(to));
  await board.apply('a move to regret');
  await board.applied();
  await open(page, '/history');
  await page.getByRole('link', { name: new RegExp(`Move ${vf.name} to ${to.name}`) }).first().click();
  await page.getByRole('link', { name: /Restore to before this/ }).click();
  await expect(board.sheet).toContainText(/Restore entry \d+: move/);
  await board.apply(' (regretted)');
  await board.applied();
  await expect(board.chip(from, vf)).toBeVisible();
  expect((await readRack()).portOf(lab.onFirst)).toBe(lab.first);
});

test.describe('a change behind another one', () => {
  test.use({ softswitch: slowSoftswitch });

  test('waits where everybody sees it, and can be cancelled', async ({ board, rack }) => {
    const [first, second, to] = [rack.function('0x1001'), rack.function('0x1002'), rack.host(4)];
    await board.drag(board.chip(rack.host(0), first), board.host(to));
    await board.apply('takes its time');
    await expect(board.page.getByTestId('steps').getByRole('listitem').nth(1)).toHaveAttribute('data-mark', 'running');
    await board.sheet.getByRole('button', { name: 'Close' }).click();
    await board.drag(board.cell(second), board.host(to));
    await board.apply('comes after');
    const waiting = board.page.getByTestId('waiting');
    await expect(waiting).toContainText(`Assign ${second.name} to ${to.name}`);
    await expect(board.sheet.getByTestId('waits')).toHaveText('Waits for its turn. Nothing was sent.');
    const badges = board.page.getByRole('region', { name: 'Just now' }).locator('.badge');
    await expect(badges.nth(0)).toHaveText('waiting');
    await expect(badges.nth(1)).toHaveText('running');
    // Away from the rack: what is pointed at dims the rest.
    await board.page.mouse.move(0, 0);
    await expectAccessible(board.page);
    await waiting.getByRole('button', { name: /Cancel change/ }).click();
    await expect(waiting).toHaveCount(0);
    await expect(board.ending).toContainText('Rolled back');
    await expect(board.chip(to, second)).toHaveCount(0);
    await expect(badges.nth(0)).toHaveText('rolled back');
  });

  test('can be cancelled by keyboard, and the focus stays on the page', async ({ board, rack, page }) => {
    const [first, second, to] = [rack.function('0x1001'), rack.function('0x1002'), rack.host(4)];
    await board.drag(board.chip(rack.host(0), first), board.host(to));
    await board.apply('takes its time');
    await expect(board.page.getByTestId('steps').getByRole('listitem').nth(1)).toHaveAttribute('data-mark', 'running');
    await board.drag(board.cell(second), board.host(to));
    await board.apply('comes after');
    await expect(board.sheet.getByTestId('waits')).toBeVisible();
    await board.sheet.getByRole('button', { name: 'Close' }).click();
    const waiting = page.getByTestId('waiting');
    const change = await waiting.getByRole('link').getAttribute('href');
    await waiting.getByRole('button', { name: /Cancel change/ }).focus();
    await page.keyboard.press('Enter');
    await expect(waiting).toHaveCount(0);
    await expect(page.locator('#main [data-stop]:focus')).toHaveCount(1);
    await open(page, change ?? '');
    await expect(page.locator('.note').first()).toContainText('Rolled back');
  });

  test('says on its page that it waits, and then how it went', async ({ board, rack, second, page }) => {
    const [first, after, to] = [rack.function('0x1001'), rack.function('0x1002'), rack.host(4)];
    await board.drag(board.chip(rack.host(0), first), board.host(to));
    await board.apply('takes its time');
    await expect(board.page.getByTestId('steps').getByRole('listitem').nth(1)).toHaveAttribute('data-mark', 'running');
    await board.drag(board.cell(after), board.host(to));
    await board.apply('comes after');
    await expect(board.sheet.getByTestId('waits')).toBeVisible();
    const change = await board.sheet.getByRole('link', { name: /^Change \d+$/ }).getAttribute('href');
    await open(second, change ?? '');
    await expect(second.locator('.head .badge')).toHaveText('waiting');
    await expect(second.locator('.note').first()).toContainText('waits for its turn');
    await board.sheet.getByRole('button', { name: /Cancel change/ }).click();
    await expect(second.locator('.head .badge')).toHaveText('rolled back');
    expect(page.isClosed()).toBe(false);
  });
});
