// A job of a fleet while a gateway asks for it: it is among the requests that live there, and in no line yet.
import { expect, test } from 'vitest';
import { systemClock } from '../../../../backend/clock.ts';
import { defaultConfig } from '../../../../backend/contract/config/config.ts';
import { AppError } from '../../../../backend/contract/errors.ts';
import { FleetJobs, type FleetJobsOptions } from '../../../../backend/core/stories/fleet/fleet-jobs.ts';
import { FleetRuns, type FleetRunsOptions } from '../../../../backend/core/stories/fleet/fleet-runs.ts';
import { fleetLook, type FleetLookParts } from '../../../../backend/core/stories/fleet/fleet-look.ts';
import type { AskedJob } from '../../../../backend/core/stories/jobs/jobs.ts';
import { ManualClock } from '../../../support/clocks.ts';
import { deferred } from '../../../support/waiting.ts';

type Run = (id: string, token: string) => Promise<boolean>;

test('a job that a gateway is about to run is told of by the fleet, and is the same again', async () => {
  const call = { id: 'job', owner: 'local', class: 'normal', classBy: 'default', priority: 0, model: 'm', caller: 'c' };
  const kept = { ...call, seq: 1, body: 'b', state: 'waiting', createdAt: 1_000_000, endedAt: undefined };
  const asked = deferred();
  let run: Run = () => Promise.resolve(false);
  const refused = (): never => {
    throw new Error('it was taken for a request of this gateway alone');
  };
  const options = {
    config: () => defaultConfig(),
    clock: systemClock,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    queue: { isLate: () => false, full: false, paused: false },
    away: () => false,
    turns: { open: (given: Run) => void (run = given), room: () => undefined },
    local: { taken: () => true, view: refused, submit: refused },
    store: {
      find: () => Promise.resolve(kept),
      sure: () => Promise.resolve(),
      place: () => Promise.resolve({ position: 1, length: 1, runsSince: undefined }),
      begin: () => Promise.resolve({ ...kept, call, ageMs: 0, bytes: 1, waitedMs: 0, moves: 0, ask: undefined }),
    },
    hold: () => () => undefined,
    gateway: {
      chat: () => {
        asked.resolve();
        return new Promise<never>(() => undefined);
      },
    },
  };
  const jobs = new FleetJobs(options as unknown as FleetJobsOptions);
  jobs.open();
  void run('job', 'token');
  await asked.promise;
  expect(await jobs.view('job', 'local')).toMatchObject({
    status: 'queued',
    created_at: new Date(1_000_000).toISOString(),
  });
  const again = { call, body: 'b', ask: undefined } as unknown as AskedJob;
  expect(await jobs.submit(again)).toMatchObject({ request_id: 'job', status: 'queued' });
});

test.each([
  ['another that is up was not asked yet', [], [0, 80_000], 'back'],
  ['all others that are up have not its model either', [1000], [0, 80_000], 'failed'],
  ['the other was asked long ago, and may have it by now', [121_000], [0, 600_000], 'back'],
  ['the other was asked before it was started', [90_000], [0, 80_000], 'back'],
  ['the one that was not asked is silent', [], [60_000, 80_000], 'failed'],
] as const)('an old job without its model here, where %s', async (_what, asked, [heardMs, uptime_ms], outcome) => {
  const call = { id: 'job', owner: 'local', class: 'normal', classBy: 'default', priority: 0, model: 'm', caller: 'c' };
  const told: unknown[] = [];
  const without = asked.map((agoMs) => ({ node: 'busy', agoMs }));
  const options = {
    config: () => defaultConfig(),
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    log: { error: () => undefined },
    node: 'idle',
    nodes: { isUp: true, others: () => Promise.resolve([{ report: { node: 'busy', uptime_ms }, heardMs }]) },
    store: {
      begin: () => Promise.resolve({ seq: 1, call, ageMs: 600_000, without, bytes: 1, waitedMs: 0, ask: undefined }),
      back: (...args: unknown[]) => Promise.resolve(void told.push('back', args[2])),
      end: (_id: string, _token: string, { state, outcome: { code } }: { state: string; outcome: { code: string } }) =>
        Promise.resolve(told.push(state, code) > 0),
    },
    hold: () => () => undefined,
    gateway: { chat: () => Promise.reject(new AppError('model_not_found', 'm is not here')) },
  };
  expect(await new FleetRuns(options as unknown as FleetRunsOptions).run('job', 'token')).toBe(outcome === 'failed');
  expect(told).toEqual(outcome === 'failed' ? ['failed', 'model_not_found'] : ['back', 'idle']);
});

test('another gateway of this name is told of, and jobs whose gateway is gone fail', async () => {
  const clock = new ManualClock();
  const told = new Map<string, unknown>();
  let others: readonly { readonly node: string; readonly heardMs: number }[] = [];
  const nodes = {
    isUp: true,
    others: () => Promise.resolve(others.map(({ node, heardMs }) => ({ report: { node }, heardMs }))),
  };
  const asked: unknown[] = [];
  const ended: unknown[] = [];
  let gone: readonly { readonly id: string; readonly home: string }[] = [];
  const store = {
    homeless: (...which: unknown[]) => (asked.push(which), Promise.resolve(gone)),
    abandon: (...end: unknown[]) => Promise.resolve(ended.push(end) > 0),
  };
  const put = (id: string, what: unknown): void => void told.set(id, what);
  const config = (): ReturnType<typeof defaultConfig> => defaultConfig();
  const look = fleetLook({ store, nodes, node: 'desk', clock, config, put } as unknown as FleetLookParts);
  // It was killed, and told of itself five seconds before this one began.
  others = [{ node: 'desk', heardMs: 6000 }];
  await clock.advance(1000);
  await look();
  expect(told.get('valkey_node')).toBeUndefined();
  await clock.advance(20_000);
  others = [
    { node: 'desk', heardMs: 1000 },
    { node: 'lap', heardMs: 1000 },
    { node: 'gone', heardMs: 8000 },
  ];
  await look();
  expect(told.get('valkey_node')).toMatchObject({
    text: expect.stringContaining('is called desk too') as string,
    todo: expect.stringContaining('cluster.node') as string,
  });
  // A job of a conversation waits ten minutes for the gateway that has it.
  expect(asked.at(-1)).toEqual([['desk', 'desk', 'lap'], 600_000]);
  [others, gone] = [[], [{ id: 'job', home: 'gone' }]];
  await look();
  expect(told.get('valkey_node')).toBeUndefined();
  const error = expect.stringContaining('The gateway gone, which has what was said before') as string;
  expect(ended).toMatchObject([[{ id: 'job', home: 'gone' }, 600_000, { error, code: 'fleet_unreachable' }, {}]]);
});
