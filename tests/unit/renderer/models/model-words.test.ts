// What the Models tab says of a model: its size and place, its pace, how long it stays, and what to pull next.
import { describe, expect, test } from 'vitest';
import type { ModelView } from '../../../../backend/contract/views/control.ts';
import { expiryOf, installedFacts, loadedFacts, wantedModels } from '../../../../renderer/models/model-words.ts';
import { sameModel } from '../../../../renderer/parts/same-model.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { liveView, loadedModel, queueEntry, type LiveChange } from '../../../support/live-view.ts';
import { settings } from '../../../support/page/views.ts';
import { setLanguage, t } from '../../../../words/texts.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const plain = (text: string): string => text.replaceAll(THIN, ' ');
const inSeconds = (s: number): string => new Date(NOW + s * 1000).toISOString();

const model = (over: Partial<ModelView> = {}): ModelView => ({ ...loadedModel('llama3.2:3b', true), ...over });

test.each([
  ['llama3.2', 'llama3.2:latest', true],
  ['Llama3.2', 'llama3.2', true],
  ['llama3.2:3b', 'llama3.2', false],
  ['llama3.2:LATEST', 'llama3.2', true],
  ['latest', 'latest:latest', true],
  ['a:latest:latest', 'a', false],
])('%s and %s are the same model: %s', (a, b, same) => {
  expect([sameModel(a, b), sameModel(b, a)]).toEqual([same, same]);
});

describe('a loaded model', () => {
  test.each([
    [{ size_vram: 2.9e9 }, '2.9 GB, all on the GPU, context 8,192'],
    [{ size_vram: 3e9 }, '2.9 GB, all on the GPU, context 8,192'],
    [{ size_vram: 0 }, '2.9 GB, all in main memory, context 8,192'],
    [{ size_vram: 1.74e9 }, '2.9 GB, 60 % of it on the GPU, context 8,192'],
    [{ size_vram: null }, '2.9 GB, context 8,192'],
    [{ size_loaded: 0, size_vram: 0 }, '0 B, context 8,192'],
    [{ size_loaded: null, context_length: null }, '2.0 GB'],
  ] as const)('with %o is %s', (over, words) => {
    expect(plain(loadedFacts(model({ size_loaded: 2_900_000_000, ...over })))).toBe(words);
  });
});

test('an installed model is its size on disk and what it can do', () => {
  const can = (...capabilities: string[]): string => plain(installedFacts(model({ size: 5.2e9, capabilities })));
  expect(can('completion', 'tools', 'insert')).toBe('5.2 GB, chat, tools, fill in the middle');
  expect(can('embedding', 'something new')).toBe('5.2 GB, embeddings, something new');
  expect(plain(installedFacts(model({ capabilities: null })))).toBe('2.0 GB');
  expect(plain(installedFacts(model({ remote: true, size: 384 })))).toBe('runs on ollama.com, chat');
});

describe('how long it stays', () => {
  const expiry = (over: Partial<ModelView>, change: LiveChange = {}, keepAlive: unknown = '15m') => {
    const set = settings();
    const values = { ...set.values, 'ollama.keep_alive': keepAlive };
    const found = expiryOf(model(over), liveView(change), { ...set, values }, NOW);
    return { ...found, words: plain(found.words), label: plain(found.label) };
  };

  test('is what is left of its keep-alive', () => {
    expect(expiry({ expires_at: inSeconds(252) })).toEqual({
      words: 'Warm for 4 min 12 s',
      left: 252 / 900,
      label: 'llama3.2:3b, 28 % of its keep-alive left',
    });
  });

  test('is never more than the whole, and never less than nothing', () => {
    expect(expiry({ expires_at: inSeconds(3600) }).left).toBe(1);
    expect(expiry({ expires_at: inSeconds(-5) })).toMatchObject({ left: 0, words: 'Warm for 0 s' });
    expect(expiry({ expires_at: null }).left).toBe(0);
  });

  test('is the whole keep-alive after the answer that it works on, whatever Ollama said before', () => {
    const running = [queueEntry({ model: 'LLAMA3.2:3b' })];
    expect(expiry({ expires_at: inSeconds(20) }, { running })).toEqual({
      words: 'Warm for 15 min after this answer',
      left: 1,
      label: 'llama3.2:3b, full keep-alive',
    });
    expect(expiry({ expires_at: inSeconds(20) }, { running }, 0).words).toBe('Stays as long as Ollama keeps it');
  });

  test('is not touched by the work of another model', () => {
    const running = [queueEntry({ model: 'deepseek-r1:8b' })];
    expect(expiry({ expires_at: inSeconds(450) }, { running }).left).toBe(0.5);
  });

  test('is until it is unloaded where Ollama’s time is centuries ahead', () => {
    expect(expiry({ expires_at: '2318-04-08T12:00:00Z' })).toEqual({
      words: 'Stays warm until it is unloaded',
      left: 1,
      label: 'llama3.2:3b stays warm',
    });
  });

  test.each([[-1], ['-1'], [0], ['x'], [null]])(
    'has a full line where the setting (%j) gives no whole to compare with',
    (keepAlive) => expect(expiry({ expires_at: inSeconds(60) }, {}, keepAlive)).toMatchObject({ left: 1 }),
  );

  test('gives way to its pace while it is not loaded', () => {
    const cold = { loaded: false, expires_at: null };
    expect(expiry({ ...cold, tokens_per_s: 38.4, load_ms: 4000 })).toEqual({
      words: '38 tokens/s, loads in 4 s',
      left: 0,
      label: 'llama3.2:3b is not loaded',
    });
    expect(expiry({ ...cold, load_ms: 90_500 }).words).toBe('loads in 2 min');
    expect(expiry(cold).words).toBe('Not used through Hearth yet');
  });
});

test('what is offered to download is never what is here already', () => {
  const here = (...names: string[]): string[] => wantedModels(names.map((name) => loadedModel(name, false)));
  expect(here()).toEqual(['llama3.2:3b', 'qwen3:8b', 'gemma3:4b', 'nomic-embed-text']);
  expect(here('QWEN3:8b', 'llama3.2:3b', 'nomic-embed-text:latest')).toEqual(['gemma3:4b']);
});

test('how many models there are is not read as a part of their size', () => {
  const told = (language: 'de' | 'en'): string => {
    setLanguage(language);
    return t('models.all_on_disk', { n: 6, size: '58 GB' });
  };
  expect([told('de'), told('en')]).toEqual(['6 Modelle, 58 GB auf der Platte', '6 models, 58 GB on disk']);
});
