// Many days before each order, and what came of it: the figures, and the tables of docs/scheduling.md.
import { QUEUE_CLASSES, type QueueClass } from '../../backend/contract/chat/chat-request.ts';
import { table } from '../bench/report.ts';
import { randomDay } from './days.ts';
import { MACHINES, type Setting } from './machines.ts';
import { recordedDay } from './recorded.ts';
import { ORDERS, replay, type Order, type Outcome } from './replay-day.ts';

export interface ComparisonOptions {
  /** Random days for each machine; there is a recorded one for each fifth of them. */
  readonly days: number;
  readonly slots: number;
  readonly seed: number;
  readonly machines?: readonly Setting[];
  onDay?(): void;
}

/** What came of all days of a machine before one order. */
export interface Row {
  readonly machine: string;
  readonly order: Order;
  readonly days: number;
  readonly requests: number;
  readonly loads: number;
  /** Requests that were refused, since they waited longer than queue.max_wait_ms. */
  readonly refused: number;
  readonly broken: readonly string[];
  /** Milliseconds. */
  readonly waits: Readonly<
    Record<QueueClass, { readonly mean: number; readonly p95: number; readonly longest: number }>
  >;
}

/** Each fifth day is recorded. */
const RECORDED_EACH = 5;

export async function compare(options: ComparisonOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const machine of options.machines ?? MACHINES) {
    for (const order of ORDERS) rows.push(rowOf(machine, order, await replayAll(machine, order, options)));
  }
  return rows;
}

async function replayAll(machine: Setting, order: Order, options: ComparisonOptions): Promise<Outcome[]> {
  const { days, slots, seed, onDay } = options;
  const outcomes: Outcome[] = [];
  for (let day = 0; day < days; day++) {
    const makers = day % RECORDED_EACH === 0 ? [randomDay, recordedDay] : [randomDay];
    for (const make of makers) {
      outcomes.push(await replay({ order, machine, slots, sessions: make(seed + day, machine.by) }));
      onDay?.();
    }
  }
  return outcomes;
}

function rowOf(machine: Setting, order: Order, outcomes: readonly Outcome[]): Row {
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((all, outcome) => all + of(outcome), 0);
  const waits = (of: QueueClass): Row['waits'][QueueClass] => {
    const all = outcomes.flatMap((outcome) => outcome.waits[of]).toSorted((a, b) => a - b);
    return {
      mean: all.reduce((a, b) => a + b, 0) / Math.max(1, all.length),
      p95: all[Math.floor(all.length * 0.95)] ?? 0,
      longest: all.at(-1) ?? 0,
    };
  };
  return {
    machine: machine.name,
    order,
    days: outcomes.length,
    requests: sum(({ requests }) => requests),
    loads: sum(({ loads }) => loads),
    refused: sum(({ refused }) => refused),
    broken: outcomes.flatMap(({ broken }) => broken),
    waits: { interactive: waits('interactive'), normal: waits('normal'), background: waits('background') },
  };
}

const HEAD = ['GPU', 'Order', 'Loads a day', ...QUEUE_CLASSES.map((of) => `Wait, ${of}`), 'Longest'];

/** The table: waits in seconds, the mean and the 95th of 100. */
export function tableOf(rows: readonly Row[]): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  const cells = rows.map(({ machine, order, days, loads, waits }) => [
    machine,
    order,
    (loads / days).toFixed(1),
    ...QUEUE_CLASSES.map((of) => `${seconds(waits[of].mean)} / ${seconds(waits[of].p95)}`),
    seconds(Math.max(...QUEUE_CLASSES.map((of) => waits[of].longest))),
  ]);
  return table([HEAD, ...cells]);
}
