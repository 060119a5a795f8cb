// Loading a model: one load for all who need it, owned by the gateway; it goes on while anybody wants it and no longer.
import { beforeEach, describe, expect, test } from 'vitest';
import { onAbort } from '../../../../backend/core/abort.ts';
import type { LoadedModel, RunnerSpec } from '../../../../backend/core/ports.ts';
import { Estimator } from '../../../../backend/core/queue/estimate.ts';
import { keepAliveMs } from '../../../../backend/core/models/keep-alive.ts';
import type { Residency } from '../../../../backend/core/models/residency.ts';
import { loaded, runner, standingWatch, watched } from '../../../support/builders.ts';
import { deferred, type Deferred } from '../../../support/waiting.ts';
import { memory } from '../../../support/model-memory.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';

/** A load as the upstream sees it; like the real one it rejects with the signal's reason, but not before `lag` has passed. */
interface Load extends Deferred<void> {
  readonly spec: RunnerSpec;
  readonly signal: AbortSignal;
}

/** Those in line, as the queue would tell. */
class Demand {
  readonly runners = new Set<string>();
  #watching: (() => void)[] = [];

  wants = (runner: string): boolean => this.runners.has(runner);

  unwanted = async (runner: string, signal: AbortSignal): Promise<void> => {
    while (this.runners.has(runner) && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#watching.push(resolve);
        onAbort(signal, () => resolve());
      });
    }
  };

  drop(runner: string): void {
    this.runners.delete(runner);
    for (const wake of this.#watching.splice(0)) wake();
  }
}

let clock: ManualClock;
let loads: Load[];
let listed: LoadedModel[];
let estimator: Estimator;
let demand: Demand;
let residency: Residency;
/** Whether an aborted load ends at once; a real one needs a moment. */
let abortsAtOnce: boolean;

beforeEach(() => {
  clock = new ManualClock();
  loads = [];
  listed = [];
  estimator = new Estimator();
  demand = new Demand();
  abortsAtOnce = true;
  ({ residency } = memory({
    upstream: {
      load: (spec, _keepAlive, signal) => {
        const load = { ...deferred<void>(), spec, signal };
        loads.push(load);
        onAbort(signal, (reason) => abortsAtOnce && load.reject(reason));
        return load.promise;
      },
    },
    watch: standingWatch({ loaded: listed }),
    estimator,
    clock,
  }));
});

const A = runner({ model: 'a' });
const load = (n = 0): Load => loads[n] ?? expect.unreachable('no such load');

/** Somebody who has the slot and needs the runner. */
function need(spec: RunnerSpec = A) {
  const caller = new AbortController();
  const ready = watched(residency.ensure(spec, 300, demand, caller.signal));
  return { ready, leave: (reason?: unknown) => caller.abort(reason) };
}

describe('a model that is not in memory', () => {
  test('is loaded once for all who need it at the same time', async () => {
    const callers = [need(), need(), need(), need()];
    await clock.advance(3000);
    expect(loads.length).toBe(1);
    load().resolve();
    await settled();
    for (const { ready } of callers) expect(ready).toMatchObject({ state: 'fulfilled', value: 3000 });
  });

  test('costs each of them what it waited', async () => {
    const first = need();
    await clock.advance(2000);
    const second = need();
    await clock.advance(1000);
    load().resolve();
    await settled();
    expect([first.ready.value, second.ready.value]).toEqual([3000, 1000]);
  });

  test('is then ready, at no cost', async () => {
    need();
    load().resolve();
    await settled();
    const next = need();
    await settled();
    expect(next.ready).toMatchObject({ state: 'fulfilled', value: 0 });
    expect(loads.length).toBe(1);
  });

  test('teaches how long a load takes', async () => {
    need();
    await clock.advance(2500);
    load().resolve();
    await settled();
    expect(estimator.loadMs('a')).toBe(2500);
  });

  test('a load that fails fails for all, and the next one tries again', async () => {
    const callers = [need(), need()];
    const failure = new Error('out of memory');
    load().reject(failure);
    await settled();
    for (const { ready } of callers) expect(ready).toMatchObject({ state: 'rejected', reason: failure });
    need();
    expect(loads.length).toBe(2);
    expect(residency.isReady(A)).toBe(false);
  });

  test('different runners of it are different loads', () => {
    need(A);
    need(runner({ model: 'a', options: { num_ctx: 8192 }, key: 'a with 8192' }));
    expect(loads.length).toBe(2);
  });

  test('who has left before does not load', async () => {
    const reason = new Error('gone');
    await expect(residency.ensure(A, 300, demand, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(loads.length).toBe(0);
  });
});

describe('leaving while it loads', () => {
  test('one of several goes at once, and the load goes on', async () => {
    const [leaver, other] = [need(), need()];
    const reason = new Error('left');
    leaver.leave(reason);
    await settled();
    expect(leaver.ready).toMatchObject({ state: 'rejected', reason });
    expect(load().signal.aborted).toBe(false);
    load().resolve();
    await settled();
    expect(other.ready.state).toBe('fulfilled');
  });

  test('the only one ends the load when nobody in line wants it', async () => {
    const leaver = need();
    const reason = new Error('left');
    leaver.leave(reason);
    await settled();
    expect(load().signal.aborted).toBe(true);
    expect(leaver.ready).toMatchObject({ state: 'rejected', reason });
  });

  test('the last of several ends it too', async () => {
    const callers = [need(), need()];
    for (const { leave } of callers) leave();
    await settled();
    expect(load().signal.aborted).toBe(true);
  });

  test('the only one does not end a load that somebody in line wants, and keeps the slot for it', async () => {
    demand.runners.add(A.key);
    const leaver = need();
    const reason = new Error('left');
    leaver.leave(reason);
    await settled();
    expect(load().signal.aborted).toBe(false);
    expect(leaver.ready.state).toBe('pending');
    load().resolve();
    await settled();
    expect(leaver.ready).toMatchObject({ state: 'rejected', reason });
    expect(residency.isReady(A)).toBe(true);
  });

  test('and ends it when those in line have left as well', async () => {
    demand.runners.add(A.key);
    const leaver = need();
    leaver.leave();
    await settled();
    demand.drop(A.key);
    await settled();
    expect(load().signal.aborted).toBe(true);
    expect(leaver.ready.state).toBe('rejected');
  });

  test('does not end it when another one has come meanwhile', async () => {
    demand.runners.add(A.key);
    need().leave();
    const second = need();
    demand.drop(A.key);
    await settled();
    expect(load().signal.aborted).toBe(false);
    load().resolve();
    await settled();
    expect(second.ready.state).toBe('fulfilled');
  });

  test('who comes while a load is being ended gets a new one, not the end of the old', async () => {
    abortsAtOnce = false;
    const leaver = need();
    leaver.leave(new Error('left'));
    await settled();
    const next = need();
    expect(loads.length).toBe(2);
    load(0).reject(new Error('left'));
    await settled();
    expect(next.ready.state).toBe('pending');
    const third = need();
    expect(loads.length).toBe(2);
    load(1).resolve();
    await settled();
    expect([next, third].map(({ ready }) => ready.state)).toEqual(['fulfilled', 'fulfilled']);
  });
});

describe('whether a runner is ready', () => {
  const OTHER = runner({ model: 'a', options: { num_ctx: 8192 }, key: 'a with 8192' });

  test('for as long as its keep_alive lasts', async () => {
    residency.used(A, 10);
    await clock.advance(9_999);
    expect(residency.isReady(A)).toBe(true);
    await clock.advance(1);
    expect(residency.isReady(A)).toBe(false);
  });

  test('not for other options of the same model, which took its place', () => {
    residency.used(A, 10);
    residency.used(OTHER, 10);
    expect(residency.isReady(A)).toBe(false);
    expect(residency.isReady(OTHER)).toBe(true);
  });

  test('not while another form of it is being loaded', () => {
    residency.used(A, 10);
    need(OTHER);
    expect(residency.isReady(A)).toBe(false);
  });

  test('not after it was unloaded through us', () => {
    residency.used(A, 10);
    residency.forget(A.digest);
    expect(residency.isReady(A)).toBe(false);
  });

  test('when Ollama lists it, unless the request sets options of its own', () => {
    listed.push(loaded('a'));
    expect(residency.isReady(A)).toBe(true);
    expect(residency.isReady(OTHER)).toBe(false);
    expect(residency.isReady(runner({ model: 'a', shift: false }))).toBe(false);
    expect(residency.isReady(runner({ model: 'b' }))).toBe(false);
  });

  test('not any more when Ollama does not list it: somebody else unloaded it', async () => {
    residency.used(A, 600);
    await clock.advance(60_000);
    residency.reconcile([loaded('a')]);
    expect(residency.isReady(A)).toBe(true);
    residency.reconcile([loaded('b')]);
    expect(residency.isReady(A)).toBe(false);
  });

  test('a list that is older than the last use says nothing', () => {
    residency.used(A, 600);
    residency.reconcile([]);
    expect(residency.isReady(A)).toBe(true);
  });
});

describe('whether a runner may run beside others', () => {
  test('when we had it loaded and Ollama lists its model', () => {
    expect(residency.isResident(A.key)).toBe(false);
    residency.used(A, 10);
    expect(residency.isResident(A.key)).toBe(false);
    listed.push(loaded('a'));
    expect(residency.isResident(A.key)).toBe(true);
    expect(residency.isResident('a with 8192')).toBe(false);
  });

  test('a model that somebody else had loaded is not known to fit', () => {
    listed.push(loaded('a'));
    expect(residency.isResident(A.key)).toBe(false);
  });
});

describe('a warm-up takes the options', () => {
  const OTHER = runner({ model: 'a', options: { num_ctx: 8192 }, key: 'a with 8192' });
  const used = (...specs: RunnerSpec[]): void => {
    for (const spec of specs) residency.used(spec, 300);
  };

  test.each([
    ['that three of the last five requests had', [OTHER, A, OTHER, A, OTHER], OTHER],
    ['that all had', [OTHER, OTHER, OTHER], OTHER],
    ['of none where they do not agree', [OTHER, A, OTHER], A],
    ['of none for the sake of one odd request', [OTHER], A],
    ['of the many, whatever the last one had', [OTHER, OTHER, OTHER, OTHER, A], OTHER],
    ['of the last five, whatever was before', [OTHER, OTHER, OTHER, A, A, A], A],
  ])('%s', (_what, specs, expected) => {
    used(...specs);
    expect(residency.usual(A).key).toBe(expected.key);
  });

  test('under the name that is asked for, and also after the model has left', () => {
    used(OTHER, OTHER, OTHER);
    residency.forget(A.weights);
    const alias = runner({ model: 'alias', digest: A.digest });
    expect(residency.usual(alias)).toEqual({ ...OTHER, model: 'alias' });
  });

  test('a load of our own is no request', async () => {
    need(OTHER);
    load().resolve();
    await settled();
    for (let i = 0; i < 5; i++) residency.renewed(OTHER, 300);
    expect(residency.usual(A)).toBe(A);
  });
});

test.each([
  ['nothing', undefined, 0],
  ['text', '5m', 300_000],
  ['seconds', 90, 90_000],
  ['at once', 0, 0],
  ['for ever', -1, Number.MAX_SAFE_INTEGER],
])('keep_alive in milliseconds: %s', (_what, value, expected) => {
  expect(keepAliveMs(value)).toBe(expected);
});
