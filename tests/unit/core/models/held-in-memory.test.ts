// What a runner holds of prompts lasts as long as its stay in Ollama's memory, and nobody else's prompt can have taken its place.
import { expect, test } from 'vitest';
import type { LoadedModel } from '../../../../backend/core/ports.ts';
import { Prompt } from '../../../../backend/core/prompts/read-once.ts';
import { loaded, runner, standingWatch } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';
import { memory } from '../../../support/model-memory.ts';

const A = runner({ model: 'a' });
const B = runner({ model: 'b' });
const PROMPT = new Prompt({ model: 'a', prompt: 'The same long question. '.repeat(50) });
const DEMAND = { wants: () => false, unwanted: async () => undefined };

/** A memory with two models, each of which has read the prompt through here. */
async function bothRead() {
  const clock = new ManualClock();
  const list: LoadedModel[] = [];
  const core = memory({ upstream: { load: async () => undefined }, watch: standingWatch({ loaded: list }), clock });
  /** What Ollama lists from now on, each with when it leaves. */
  const look = (listed: Readonly<Record<string, number>>): void => {
    list.splice(0, list.length, ...Object.entries(listed).map(([name, expires_at]) => loaded(name, { expires_at })));
    core.look({ away: false, loaded: list });
  };
  look({ a: 600_000, b: 600_000 });
  for (const spec of [A, B]) {
    const reading = core.held.reads(spec.key, PROMPT);
    reading.answers();
    reading.ended();
    core.residency.used(spec, 600);
  }
  look({ a: 700_000, b: 700_000 });
  await clock.advance(60_000);
  const holds = (): string => [A, B].filter(({ key }) => core.held.reach(key, PROMPT) > 0).map(({ model }) => model).join(' '); // prettier-ignore
  expect(holds()).toBe('a b');
  return { ...core, look, holds, away: () => core.look({ away: true, loaded: list }) };
}

test('while both are listed, and used by nobody else, both hold it', async () => {
  const { look, holds } = await bothRead();
  look({ a: 700_000, b: 700_000 });
  expect(holds()).toBe('a b');
});

test('one that is not listed any more holds nothing', async () => {
  const { look, holds } = await bothRead();
  look({ b: 700_000 });
  expect(holds()).toBe('b');
});

test('one that a program has used past Hearth holds nothing that is known', async () => {
  const { look, holds } = await bothRead();
  look({ a: 760_000, b: 700_000 });
  expect(holds()).toBe('b');
});

test('nothing is held when Ollama comes back', async () => {
  const { look, away, holds } = await bothRead();
  away();
  look({ a: 700_000, b: 700_000 });
  expect(holds()).toBe('');
});

test('one that is loaded with other options holds nothing from then on', async () => {
  const { residency, holds } = await bothRead();
  const other = runner({ model: 'a', options: { num_ctx: 8192 } });
  await residency.ensure(other, 300, DEMAND, new AbortController().signal);
  expect(holds()).toBe('b');
});
