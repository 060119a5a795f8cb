// How well grouping works, in real counts.
import { expect, test } from 'vitest';
import { BatchCounter } from '../../../../backend/core/queue/batches.ts';

/** Runners in the order of arrival, then in the order in which they ran. */
function counted(arrivals: string, runs: string): BatchCounter {
  const counter = new BatchCounter();
  const waiting = arrivals.split(' ').map((runner) => ({ runner, fifoSwitch: counter.arrived(runner) }));
  for (const runner of runs.split(' ')) {
    const at = waiting.findIndex((one) => one.runner === runner);
    const [one] = waiting.splice(at, 1);
    counter.leased(runner, one?.fifoSwitch ?? false);
  }
  return counter;
}

test.each([
  ['nothing to group', 'A', 'A', { leases: 1, batches: 1, model_switches: 0, model_switches_avoided: 0 }],
  ['one model', 'A A A', 'A A A', { leases: 3, batches: 1, model_switches: 0, model_switches_avoided: 0 }],
  ['grouped', 'A B A B', 'A A B B', { leases: 4, batches: 2, model_switches: 1, model_switches_avoided: 2 }],
  ['as they came', 'A B A B', 'A B A B', { leases: 4, batches: 4, model_switches: 3, model_switches_avoided: 0 }],
  [
    'worse than they came',
    'A A B B',
    'A B A B',
    { leases: 4, batches: 4, model_switches: 3, model_switches_avoided: 0 },
  ],
])('%s', (_what, arrivals, runs, expected) => {
  expect(counted(arrivals, runs).figures).toEqual(expected);
});

test('after a reset it counts from 0, and still knows which model ran last', () => {
  const counter = counted('A B A B', 'A A B B');
  counter.reset();
  expect(counter.figures).toEqual({ leases: 0, batches: 0, model_switches: 0, model_switches_avoided: 0 });
  counter.leased('B', counter.arrived('B'));
  counter.leased('A', counter.arrived('A'));
  expect(counter.figures.model_switches).toBe(1);
});

test('the average batch after a reset is a real one', () => {
  const counter = counted('A', 'A');
  counter.reset();
  counter.leased('A', counter.arrived('A'));
  counter.leased('A', counter.arrived('A'));
  expect(counter.figures).toMatchObject({ leases: 2, batches: 1 });
});
