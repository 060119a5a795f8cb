// For each cause of "why it was slow", facts of a request that it explains: its sentence in docs/why.md is made from them.
import type { Behind, LoadReason, RunFacts, SlowFacts } from '../../backend/core/explain/slow-facts.ts';

type Parts = Partial<SlowFacts['parts']>;

interface Change extends Partial<Omit<SlowFacts, 'parts' | 'line' | 'run' | 'load'>> {
  readonly parts: Parts;
  readonly line?: Partial<SlowFacts['line']>;
  readonly load?: Partial<SlowFacts['load']>;
  readonly run?: Partial<Omit<RunFacts, 'prompt' | 'answer'>> & {
    readonly prompt?: Partial<RunFacts['prompt']>;
    readonly answer?: Partial<RunFacts['answer']>;
  };
}

/** A request of which nothing but the times of its parts is known, and what is changed of that. The total is their sum. */
export function slowFacts({ parts, line, load, run, ...more }: Change): SlowFacts {
  const all = { turn: 0, place: 0, load: 0, prompt: 0, answer: 0, delivery: 0, ...parts };
  return {
    model: 'llama3.2:3b',
    caller: 'Continue',
    totalMs: Object.values(all).reduce((sum, ms) => sum + ms, 0),
    parts: all,
    asleepMs: 0,
    ...more,
    line: {
      class: 'interactive',
      behind: [],
      busyMs: line?.behind?.reduce((sum, { ms }) => sum + ms, 0) ?? 0,
      pausedMs: 0,
      awayMs: 0,
      gaveWay: 0,
      brokeOff: 0,
      againMs: 0,
      held: undefined,
      ...line,
    },
    load: { reason: undefined, usualMs: undefined, ...load },
    run: {
      cloud: false,
      handedOn: false,
      silentMs: undefined,
      inGraphics: undefined,
      beside: 0,
      slots: 1,
      ...run,
      prompt: { tokens: 0, reused: undefined, ms: 0, truncated: undefined, parted: undefined, ...run?.prompt },
      answer: { tokens: 0, ms: 0, thoughts: 0, usualMs: undefined, ...run?.answer },
    },
  };
}

/** One that had the slot. */
export function behind(change: Partial<Behind> = {}): Behind {
  return {
    caller: 'Open WebUI',
    own: false,
    class: 'interactive',
    classBy: 'default',
    wentOn: false,
    model: 'llama3.2:3b',
    requests: 1,
    ms: 14_500,
    ...change,
  };
}

const waited = (line: Partial<SlowFacts['line']>): SlowFacts =>
  slowFacts({ parts: { place: 16_000, prompt: 2000, answer: 4000 }, line });

const loaded = (reason: LoadReason | undefined, usualMs?: number): SlowFacts =>
  slowFacts({ parts: { load: 3100, prompt: 400, answer: 1500 }, caller: 'aider', load: { reason, usualMs } });

const read = (run: Change['run'] = {}): SlowFacts =>
  slowFacts({ parts: { place: 4200, load: 3100, prompt: 18_400, answer: 4300, delivery: 200 }, run });

const wrote = (run: Change['run'] = {}): SlowFacts => slowFacts({ parts: { prompt: 700, answer: 12_300 }, run });

export const SLOW_EXAMPLES: Readonly<Record<string, SlowFacts>> = {
  asleep: slowFacts({ parts: { answer: 1_320_000 }, asleepMs: 1_290_000 }),
  turn: slowFacts({ parts: { turn: 9000, prompt: 400, answer: 2600 } }),
  paused: waited({ pausedMs: 14_500 }),
  'ollama-away': waited({ awayMs: 14_500 }),
  'broken-off': waited({ brokeOff: 1, againMs: 15_000 }),
  'gave-way': waited({ class: 'background', gaveWay: 2, againMs: 15_000 }),
  settling: waited({ class: 'background', held: 'settling' }),
  'spared-model': waited({ class: 'background', held: 'people' }),
  'behind-continuing': waited({ behind: [behind({ caller: 'Claude Code', wentOn: true })] }),
  'own-requests': waited({ behind: [behind({ caller: 'Continue', own: true, requests: 3 })] }),
  'behind-background': waited({ behind: [behind({ class: 'background', classBy: 'Open WebUI: title' })] }),
  'behind-urgent': waited({ class: 'background', behind: [behind({ requests: 3 })] }),
  behind: waited({ behind: [behind({ caller: 'Claude Code', model: 'qwen2.5-coder:7b' })] }),
  'behind-many': waited({
    behind: [
      behind({ ms: 6000, requests: 2 }),
      behind({ caller: 'aider', ms: 5000 }),
      behind({ caller: 'n8n', ms: 4000 }),
    ],
  }),
  place: waited({}),
  'load-slow': loaded({ why: 'first' }, 900),
  'load-num-ctx': loaded({
    why: 'options',
    differs: [{ name: 'num_ctx', now: 9340, before: 9102 }],
    who: 'aider',
    chosen: false,
  }),
  'load-larger-context': loaded({
    why: 'options',
    differs: [{ name: 'num_ctx', now: 16_384, before: 8192 }],
    who: 'Continue',
    chosen: true,
  }),
  'load-options': loaded({
    why: 'options',
    differs: [{ name: 'num_gpu', now: 20, before: undefined }],
    who: 'Continue',
    chosen: false,
  }),
  'load-in-turns': loaded({ why: 'pushed_out', by: 'qwen2.5-coder:7b', who: 'Continue', times: 3 }),
  'load-pushed-out': loaded({ why: 'pushed_out', by: 'qwen2.5-coder:7b', who: 'Continue', times: 1 }),
  'load-expired': loaded({ why: 'expired', keptMs: 900_000 }),
  'load-after-restart': loaded({ why: 'restarted' }),
  'load-unloaded': loaded({ why: 'unloaded' }),
  'load-elsewhere': loaded({ why: 'elsewhere' }),
  'load-first': loaded({ why: 'first' }),
  load: loaded(undefined),
  stuck: wrote({ silentMs: 12_000 }),
  cloud: wrote({ cloud: true }),
  'handed-on': wrote({ handedOn: true }),
  'ollama-queue': read({ beside: 2, slots: 3, prompt: { tokens: 402, ms: 1500 } }),
  'prompt-truncated': read({ prompt: { truncated: { tokens: 9000, size: 4096 } } }),
  'prompt-changed': read({
    prompt: {
      tokens: 21_352,
      reused: 26,
      ms: 18_400,
      parted: { same_chars: 70, chars: 84_930, where: 'the system prompt', what: 'an id' },
    },
  }),
  'prompt-partly-in-graphics': read({ inGraphics: 0.62, prompt: { tokens: 402, ms: 18_400 } }),
  'prompt-beside-others': read({ beside: 2, slots: 3, prompt: { tokens: 402, ms: 18_400 } }),
  'prompt-long': read({ prompt: { tokens: 21_352, reused: 26, ms: 18_400 } }),
  'first-token': read(),
  'answer-partly-in-graphics': wrote({ inGraphics: 0.62, answer: { tokens: 60, ms: 12_300 } }),
  'answer-beside-others': wrote({ beside: 1, slots: 2, answer: { tokens: 189, ms: 12_300, usualMs: 23 } }),
  'answer-slow': wrote({ answer: { tokens: 189, ms: 12_300, usualMs: 23 } }),
  thinking: wrote({ answer: { tokens: 540, ms: 12_300, thoughts: 420, usualMs: 23 } }),
  'answer-long': wrote({ answer: { tokens: 540, ms: 12_300, usualMs: 23 } }),
  answer: wrote(),
  delivery: slowFacts({ parts: { prompt: 400, answer: 2600, delivery: 5000 } }),
};
