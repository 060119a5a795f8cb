// What the Models tab says of a download, and how a profile is typed.
import { describe, expect, test } from 'vitest';
import { PULL_FAILURES, type PullFailure, type PullView } from '../../../../backend/contract/views/pull-view.ts';
import { profileFacts, profileOf, typedOf } from '../../../../renderer/models/profile-form.ts';
import { bytesOf, pullWords } from '../../../../renderer/parts/pull-words.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { setLanguage } from '../../../../words/texts.ts';
import { downloading } from '../../../support/live-view.ts';

const words = (over: Partial<PullView>): readonly string[] => {
  const { first, second } = pullWords(downloading('qwen3:8b', over));
  return [first, second].map((text) => text.replaceAll(THIN, ' '));
};

const other = (said: string): PullFailure => ({ kind: 'other', said });

test.each<[Partial<PullView>, string, string]>([
  [{}, '3.1 of 5.2 GB, about 50 s left', '42 MB/s'],
  // Before five seconds were measured.
  [{ bytes_per_s: null, left_ms: null }, '3.1 of 5.2 GB', '–'],
  [{ bytes_per_s: 0, left_ms: null, silent_ms: 40_000 }, '3.1 of 5.2 GB', 'No byte for 40 s'],
  [{ phase: 'looking', completed: null, total: null }, 'Looking it up', '–'],
  [{ phase: 'checking' }, 'Checking what came', '3.1 of 5.2 GB'],
  [{ state: 'paused' }, 'Paused at 3.1 of 5.2 GB', 'What came is kept'],
  [{ state: 'failed', failure: { kind: 'ollama_says', said: 'no' } }, 'Stopped at 3.1 of 5.2 GB', 'Ollama: “no”'],
  [{ state: 'failed', completed: null, total: null, failure: other('No.') }, 'It did not begin', 'No.'],
  [{ state: 'waiting', failure: other('Lost.') }, 'It broke off, and goes on by itself', 'Lost.'],
])('%o', (over, first, second) => expect(words(over)).toEqual([first, second]));

test('one that waits says so, and the line says how far each is', () => {
  expect(words({ state: 'waiting', completed: null, total: null })).toEqual(['Waits for its turn', '–']);
  expect(pullWords(downloading('m'))).toMatchObject({ share: 3.1 / 5.2 });
  expect(pullWords(downloading('m')).label.replaceAll(THIN, ' ')).toBe('m, 59 % downloaded');
  expect(pullWords(downloading('m', { total: null }))).toMatchObject({
    share: undefined,
    label: 'm, nothing downloaded yet',
  });
  expect(
    [bytesOf(820e6, 5.2e9), bytesOf(0, 487), bytesOf(5.2e9, 5.2e9)].map((text) => text.replaceAll(THIN, ' ')),
  ).toEqual(['820 MB of 5.2 GB', '0 of 487 B', '5.2 of 5.2 GB']);
});

test('why one stopped is said in the language that is set, and what Ollama said as it is', () => {
  setLanguage('de');
  try {
    const said = PULL_FAILURES.map((kind) => words({ state: 'failed', failure: { kind, said: 'no such host' } })[1]);
    expect(said).toEqual([
      'Dieses Modell gibt es nicht. Prüfen Sie den Namen und den Teil hinter dem Doppelpunkt.',
      'Die Platte ist voll. Schaffen Sie Platz, dann setzen Sie fort.',
      'Ollama: „no such host“',
      'Ollama antwortet nicht.',
      'Die Verbindung zu Ollama ist abgebrochen.',
      'no such host',
    ]);
  } finally {
    setLanguage('en');
  }
});

describe('a profile', () => {
  const profile = {
    model: 'llama3.2:3b',
    options: { num_ctx: 8192, temperature: 0, seed: 1 },
    system_prompt: 'Short.',
    class: 'background',
  } as const;

  test('is the same after it was shown and read again', () => {
    expect(profileOf(typedOf('fast', profile, ''), [])).toEqual({ profile });
    expect(profileOf(typedOf('plain', { model: 'm' }, ''), [])).toEqual({ profile: { model: 'm' } });
  });

  test.each([
    [{ name: ' ' }, 'name'],
    [{ name: 'taken' }, 'name'],
    [{ model: '' }, 'model'],
    [{ context: 'much' }, 'context'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ options: '[1]' }, 'options'],
    [{ options: '{' }, 'options'],
  ])('with %o is not taken, and says where', (over, wrong) => {
    expect(profileOf({ ...typedOf('fast', profile, ''), ...over }, ['taken'])).toMatchObject({ wrong });
  });

  test('in a line is its model with what is wanted of it', () => {
    expect(profileFacts(profile)).toBe('llama3.2:3b, temperature 0, context 8,192, seed 1');
    expect(profileFacts({ model: 'm' })).toBe('m, options as sent');
  });
});
