// Which sentence is chosen for a request that was slow. docs/why.md has one of each; here are the choices between them.
import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../../backend/contract/config/config.ts';
import type { SlowFacts } from '../../../../backend/core/explain/slow-facts.ts';
import { isSlow, SLOW_CAUSES, whySlow } from '../../../../backend/core/explain/why-slow.ts';
import { behind, SLOW_EXAMPLES, slowFacts } from '../../../support/why-examples.ts';

describe('the catalogue', () => {
  test('has each name once, and settings that exist', () => {
    const names = SLOW_CAUSES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const paths = SLOW_CAUSES.flatMap(({ setting }) => (setting === undefined ? [] : [setting.path]));
    const config: Readonly<Record<string, object>> = defaultConfig();
    for (const path of paths) {
      const [section = '', field = ''] = path.split('.');
      expect(Object.keys(config[section] ?? {})).toContain(field);
    }
  });

  test.each(SLOW_CAUSES.map(({ name }) => name))('chooses %s for its example', (name) => {
    const facts = SLOW_EXAMPLES[name];
    expect(facts && whySlow(facts)).toMatchObject({ cause: name, text: expect.stringMatching(/\d.*\.$/) });
  });
});

describe('what is slow', () => {
  test.each([
    ['over twice the median', 2100, 1000, true],
    ['twice the median', 2000, 1000, false],
    ['over twice a short one, and nobody minds', 900, 3, false],
    ['ten seconds of a model of which little is known', 10_000, undefined, true],
    ['less than that', 9999, undefined, false],
  ])('%s', (_what, totalMs, usualMs, slow) => {
    expect(isSlow(totalMs, usualMs)).toBe(slow);
  });
});

const said = (facts: SlowFacts): string | undefined => whySlow(facts)?.text;

describe('the sentence', () => {
  test('is about the longest part, however little is known of it', () => {
    const facts = slowFacts({ parts: { place: 3000, answer: 4000 }, line: { pausedMs: 3000 } });
    expect(said(facts)).toBe('The answer took 4 of 7 s.');
  });

  test('names what was before it by the rule of its class', () => {
    const title = behind({ class: 'background', classBy: 'Open WebUI: title' });
    const facts = slowFacts({ parts: { place: 18_000, answer: 4000 }, line: { behind: [title] } });
    expect(said(facts)).toBe('14.5 of 22 s were spent behind a title of Open WebUI.');
  });

  test('keeps to itself who asked, where that is another owner’s matter', () => {
    const facts = slowFacts({
      parts: { place: 18_000, answer: 4000 },
      line: { behind: [behind({ caller: undefined })] },
    });
    expect(said(facts)).toBe('14.5 of 22 s were spent behind a request of somebody else.');
  });

  test('blames nobody who ran for less than half of the wait', () => {
    const facts = slowFacts({ parts: { place: 18_000 }, line: { behind: [behind({ ms: 5000 })] } });
    expect(said(facts)).toBe('18 of 18 s were spent waiting for a place.');
  });

  test('does not blame a run that broke off at once for a long wait before it', () => {
    const line = { brokeOff: 1, againMs: 2000, behind: [behind({ ms: 16_000 })] };
    const facts = slowFacts({ parts: { place: 18_000 }, line });
    expect(said(facts)).toBe('16 of 18 s were spent behind a request of Open WebUI.');
  });

  test('takes a model that was found in memory for no usual load', () => {
    const facts = slowFacts({ parts: { load: 4000 }, load: { reason: { why: 'restarted' }, usualMs: 12 } });
    expect(said(facts)).toBe('Ollama was started anew, so its memory was empty: that took 4 of 4 s.');
  });

  test('does not blame others for an answer that came at its usual pace', () => {
    const facts = slowFacts({
      parts: { answer: 12_000 },
      run: { beside: 1, answer: { tokens: 500, ms: 12_000, usualMs: 23 } },
    });
    expect(said(facts)).toBe('The answer took 12 of 12 s: 500 tokens at 42 a second.');
  });

  test('says nothing of graphics memory to a machine that has none', () => {
    const facts = slowFacts({ parts: { answer: 9000 }, run: { inGraphics: 0, answer: { tokens: 90, ms: 9000 } } });
    expect(said(facts)).toBe('The answer took 9 of 9 s: 90 tokens at 10 a second.');
  });

  test('has times in the unit of the whole', () => {
    expect(said(slowFacts({ parts: { answer: 720_000, place: 120_000 } }))).toBe('The answer took 12 of 14 min.');
  });
});

test('a prompt that only goes on where the one before ended has not changed', () => {
  const changed = SLOW_EXAMPLES['prompt-changed'];
  const parted = { same_chars: 70, chars: 84_930, goes_on: true, where: 'the end of the prompt before' } as const;
  const run = changed && { ...changed.run, prompt: { ...changed.run.prompt, parted } };
  expect(run && whySlow({ ...changed, run })?.cause).toBe('prompt-long');
});
