// The simulated fleet: it loses nobody, keeps to its slots, and the page shows what it comes to.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fleetOf } from '../../sim/fleet/fleet-bounds.ts';
import { GATEWAY, OLLAMA } from '../../sim/fleet/fleet-costs.ts';
import { MARKS, PLAYED, playedMark, sizesTable } from '../../sim/fleet/fleet-page.ts';
import { playFleet } from '../../sim/fleet/fleet-run.ts';
import { cellsOf } from '../../sim/scheduling-page.ts';
import { shownBetween } from '../../support/made-tables.ts';

const team = { users: 400, gateways: 3, ollamas: 5, shared: true, seed: 7, before: 0, seconds: 1800 };

test('everybody who asks is answered from what is kept, by another’s run, by a run, or waits yet', () => {
  const { asked, hits, joined, ran, left, mostOnOne } = playFleet(team);
  expect(asked).toBeGreaterThan(2000);
  expect(hits + joined + ran + left).toBe(asked);
  expect(mostOnOne).toBeLessThanOrEqual(OLLAMA.slots);
  expect(playFleet(team)).toEqual(playFleet(team));
});

test('too few Ollamas make a line, and gateways that share nothing make more runs', () => {
  const enough = playFleet(team);
  const few = playFleet({ ...team, ollamas: 2 });
  expect(few.mostOnOne).toBe(OLLAMA.slots);
  expect(few.waitP95).toBeGreaterThan(enough.waitP95);
  expect(playFleet({ ...team, shared: false }).hits).toBeLessThan(enough.hits);
});

const read = (page: string): string => readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');

test('docs/scale.md shows the small fleets as they are played', () => {
  const page = read('scale.md');
  const shown = cellsOf(shownBetween(page, MARKS.sizes) ?? '').map((cells) => cells.slice(0, 3));
  expect(shown).toEqual(cellsOf(sizesTable([10, 1000].map((users) => fleetOf(users, 1)))));
});

test('docs/scale.md was written by the fleets as they are now: npm run sim -- fleet --write', () => {
  expect(PLAYED.exec(read('scale.md'))?.[0]).toBe(playedMark());
});

// A figure of docs/scale.md is right to a factor of two at best, and so are these.
test.each([
  ['a hit', GATEWAY.hitMs, /\/api\/chat-optimized, 1,000 bodies in turn: .*processor time per request (\d+) µs/, 0.001],
  ['a miss', GATEWAY.missMs, /^- Hearth: first token ([\d.]+) ms/m, 1],
  ['a token', GATEWAY.tokenMs, /^\| Processor time per 1,000 tokens, 32 streams +\| (\d+) ms/m, 0.001],
])('a gateway of the simulated fleet takes as long for %s as docs/benchmarks.md says', (_what, ms, figure, unit) => {
  const measured = Number(figure.exec(read('benchmarks.md'))?.[1]) * unit;
  expect(ms / measured).toBeGreaterThan(0.5);
  expect(ms / measured).toBeLessThan(2);
});
