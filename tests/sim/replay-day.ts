// One day before one line: every request with how long it waited, and what must never happen counted.
import { QUEUE_CLASSES, type QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { Config } from '../../backend/contract/config/config.ts';
import { asAppError } from '../../backend/contract/errors.ts';
import type { Clock } from '../../backend/core/ports.ts';
import type { Session } from './days.ts';
import { Gpu, type Machine } from './gpu.ts';
import { GIVES_WAY } from '../../backend/core/queue/waiter.ts';
import type { Hold, Job, SimLine } from './job.ts';
import { LineNow } from './line-now.ts';
import { FirstCome, RowsOfOne } from './lines-before.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The orders that are compared. */
export const ORDERS = ['first come', 'before', 'now'] as const;
export type Order = (typeof ORDERS)[number];

/** Moments in milliseconds since the day began. */
export interface Run {
  readonly job: Job;
  readonly cameAt: number;
  readonly grantedAt: number;
}

export interface Outcome {
  readonly loads: number;
  /** Requests that ran. */
  readonly requests: number;
  /** Those that were refused, since they waited longer than queue.max_wait_ms. */
  readonly refused: number;
  /** By class, the milliseconds from each request to the moment at which its model stood ready and worked on it. */
  readonly waits: Readonly<Record<QueueClass, readonly number[]>>;
  /** Runs that were stopped for a person, to be made anew. */
  readonly gaveWay: number;
  /** All that ran to their end, in the order in which they ended. */
  readonly runs: readonly Run[];
  /** What must not happen: more of a lane at the same time than slots, or two runners of which one is not in memory. */
  readonly broken: readonly string[];
}

function lineOf({ order, slots, settings }: DayOptions, gpu: Gpu, clock: Clock): SimLine {
  if (order === 'now') return new LineNow({ clock, slots, settings, list: () => gpu.list() });
  const options = { clock, slots, has: gpu.has.bind(gpu) };
  return order === 'before' ? new RowsOfOne(options) : new FirstCome(options);
}

export interface DayOptions {
  readonly order: Order;
  readonly machine: Machine;
  readonly slots: number;
  readonly settings?: Partial<Config['queue']>;
  readonly sessions: readonly Session[];
}

/** Replays a day to its end. */
export async function replay(day: DayOptions): Promise<Outcome> {
  const { machine, slots, sessions } = day;
  const clock = new VirtualClock();
  const gpu = new Gpu(machine, clock);
  const line = lineOf(day, gpu, clock);
  const waits: Record<QueueClass, number[]> = { interactive: [], normal: [], background: [] };
  const runs: Run[] = [];
  const broken: string[] = [];
  let refused = 0;
  let gaveWay = 0;
  const running = new Set<Job>();
  const check = (job: Job): void => {
    const together = [...running];
    const inLane = together.filter(({ lane }) => lane === job.lane).length;
    if (inLane >= slots) broken.push(`${inLane + 1} at the same time`);
    const others = together.filter(({ model }) => model !== job.model);
    if (others.length > 0 && ![job, ...others].every(({ model }) => gpu.has(model))) {
      broken.push(`${job.model.name} beside ${others.map(({ model }) => model.name).join(', ')}`);
    }
  };
  /** False: it gave way to a person. */
  const run = async (job: Job, cameAt: number, hold: Hold): Promise<boolean> => {
    const grantedAt = clock.elapsed();
    check(job);
    running.add(job);
    try {
      await clock.sleep(gpu.take(job.model), hold.signal);
      hold.began();
      const waitedMs = clock.elapsed() - cameAt;
      await clock.sleep(job.runMs, hold.signal);
      waits[job.class].push(waitedMs);
      runs.push({ job, cameAt, grantedAt });
      return true;
    } catch (error) {
      if (error !== GIVES_WAY) throw error;
      gaveWay++;
      return false;
    } finally {
      running.delete(job);
      gpu.leave(job.model);
    }
  };
  const ask = async (job: Job): Promise<void> => {
    const cameAt = clock.elapsed();
    try {
      let hold = await line.enter(job);
      while (!(await run(job, cameAt, hold))) hold = await hold.back();
      hold.release();
    } catch (error) {
      if (asAppError(error).code !== 'queue_timeout') throw error;
      refused++;
    }
  };
  const world = { ask, wait: (ms: number) => clock.wait(ms) };
  await clock.until(Promise.all(sessions.map((session) => session(world))));
  const requests = QUEUE_CLASSES.reduce((sum, of) => sum + waits[of].length, 0);
  return {
    loads: gpu.loads,
    requests,
    refused,
    gaveWay,
    waits,
    runs,
    broken: gpu.pushedOutRunning > 0 ? [...broken, 'pushed out'] : broken,
  };
}
