// The history shows each change with its reason, its steps and the entries that prove it.

import { expect, lab, test } from '../fixtures/rack.ts';
import { expectAccessible, open } from '../fixtures/index.ts';

test('every kind of change stands in the history with reason and steps', async ({ board, rack, page, request }) => {
  const host = (port: number) => rack.host(port).id;
  const id = (pdfid: string) => rack.function(pdfid).id;
  const changes = [
    { reason: 'assign for the history', moves: [{ function: id(lab.free), to: host(lab.third) }], steps: 1 },
    { reason: 'move for the history', moves: [{ function: id(lab.onFirst), to: host(lab.third) }], steps: 2 },
    { reason: 'release for the history', moves: [{ function: id(lab.free), to: null }], steps: 1 },
    {
      reason: 'swap for the history',
      moves: [{ function: id(lab.onFirst), to: host(lab.second) }, { function: id(lab.onSecond), to: host(lab.third) }],
      steps: 4,
    },
  ];
  for (const { reason, moves } of changes) {
    const topology = (await (await request.get('/api/v1/topology')).json()) as { generation: number };
    const data = { intent: { moves }, reason, seen: topology.generation };
    const answer = await request.post('/api/v1/changes?wait=true', { data });
    expect(answer.status()).toBe(200);
  }
  await expect(board.page.getByRole('region', { name: 'Just now' })).toContainText('swap for the history');
  await open(page, '/history');
  for (const { reason, steps } of changes) {
    const line = page.getByRole('listitem').filter({ hasText: reason });
    await expect(line).toContainText('applied');
    await line.getByRole('link').first().click();
    await expect(page.getByText(reason).first()).toBeVisible();
    const record = await request.get(`/api/v1/changes/${new URL(page.url()).pathname.split('/').at(-1)}`);
    const { plan } = (await record.json()) as { plan: { steps: unknown[] } };
    expect(plan.steps).toHaveLength(steps);
    await expectAccessible(page);
    await page.goBack();
  }
  await expectAccessible(page);
});

test('filters live in the address', async ({ rack, page, request }) => {
  for (const [reason, to] of [['needle in the rack', lab.third], ['only hay', lab.second]] as const) {
    const topology = (await (await request.get('/api/v1/topology')).json()) as { generation: number };
    const moves = [{ function: rack.function(lab.free).id, to: rack.host(to).id }];
    await request.post('/api/v1/changes?wait=true', { data: { intent: { moves }, reason, seen: topology.generation } });
  }
  await open(page, '/history?text=needle');
  await expect(page.getByText('needle in the rack')).toBeVisible();
  await expect(page.getByText('only hay')).toHaveCount(0);
  await open(page, `/history?host=${rack.host(lab.second).id}`);
  await expect(page.getByText('only hay')).toBeVisible();
});

test('the history lives: a change appears while it is being looked at', async ({ rack, page, request }) => {
  await open(page, '/history');
  const topology = (await (await request.get('/api/v1/topology')).json()) as { generation: number };
  const moves = [{ function: rack.function(lab.free).id, to: rack.host(lab.third).id }];
  const data = { intent: { moves }, reason: 'came in live', seen: topology.generation };
  await request.post('/api/v1/changes', { data });
  const line = page.getByRole('listitem').filter({ hasText: 'came in live' });
  await expect(line).toContainText('applied');
});

test.describe('a change that does not exist', () => {
  test.use({ tolerated: [/the server responded with a status of 404/] });

  test('is not found', async ({ page, rack }) => {
    expect(rack.hosts.length).toBeGreaterThan(0);
    const answer = await page.goto('/history/999');
    expect(answer?.status()).toBe(404);
    await expectAccessible(page);
  });
});
