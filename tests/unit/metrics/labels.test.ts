// Labels: each model once, whatever it is called, and no more of them than there is room for.
import { expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import type { InstalledModel, UpstreamState } from '../../../backend/core/ports.ts';
import { Counts } from '../../../backend/metrics/counts.ts';
import { unknownState } from '../../../backend/upstream/upstream-state.ts';
import { ModelLabels } from '../../../backend/metrics/model-labels.ts';

const installed = (name: string): InstalledModel => ({
  name,
  digest: name,
  size: 1,
  modified_at: '',
  remote: false,
  details: {},
});

function labelsOf(names: readonly string[]) {
  const state: UpstreamState = { ...unknownState('http://127.0.0.1:11434'), installed: names.map(installed) };
  let config = defaultConfig();
  const labels = new ModelLabels({ config: () => config, watch: { state } });
  return { labels, use: (models: typeof config.models) => void (config = { ...config, models }) };
}

test('a model has one label, however it is spelled', () => {
  const { labels } = labelsOf(['llama3.2:latest']);
  for (const name of ['llama3.2', 'LLAMA3.2:latest', 'library/llama3.2', 'llama3.2:latest']) {
    expect(labels.of(name)).toBe('llama3.2:latest');
  }
  expect(labels.of('llama3.3')).toBe('(other)');
});

test('the name of a profile stands for its model, until it means another', () => {
  const { labels, use } = labelsOf(['a:latest', 'b:latest']);
  use({ fast: { model: 'a' } });
  expect(labels.of('fast')).toBe('a:latest');
  use({ fast: { model: 'b' } });
  expect(labels.of('fast')).toBe('b:latest');
});

test('the models after the first hundred have one label together', () => {
  const names = Array.from({ length: 300 }, (_, i) => `m${i}:latest`);
  const { labels } = labelsOf(names);
  const given = new Set(names.map((name) => labels.of(name)));
  expect(given.size).toBe(101);
  expect(labels.of('m0')).toBe('m0:latest');
  expect(labels.of('m299')).toBe('(other)');
});

test('counts add up by their labels', () => {
  const counts = new Counts();
  counts.add(1, 'a', 'x');
  counts.add(2, 'b', 'x');
  counts.add(3, 'a', 'x');
  counts.add(4, 'a', '');
  expect(counts.samples()).toEqual([
    { labels: ['a', 'x'], value: 4 },
    { labels: ['a', ''], value: 4 },
    { labels: ['b', 'x'], value: 2 },
  ]);
  expect(counts.under('b')).toEqual([{ labels: ['x'], value: 2 }]);
  expect([new Counts().samples(), counts.under('c')]).toEqual([[], []]);
});
