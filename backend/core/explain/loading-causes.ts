// Why a request waited for its model to load. Special causes come first.
import type { Cause, Told } from './cause.ts';
import { endOfReloads, loadWords } from './load-words.ts';
import type { LoadReason, SlowFacts } from './slow-facts.ts';
import { ofAll, time } from './why-words.ts';

/** A load that takes this many times as long as usual is reported as slow. */
const SLOW_LOAD = 2;
/** Ollama finds a loaded model within this time, which does not measure a load. Milliseconds. */
const LEAST_LOAD_MS = 100;

export const LOAD_CAUSES: readonly Cause<SlowFacts>[] = [
  {
    name: 'load-slow',
    when: 'Loading took more than twice as long as it usually does for this model.',
    tell: ({ model, parts, totalMs, load: { usualMs } }) => {
      if (usualMs === undefined || usualMs < LEAST_LOAD_MS || parts.load <= SLOW_LOAD * usualMs) return undefined;
      return {
        text: `Loading ${model} took ${ofAll(parts.load, totalMs)}; usually it takes ${time(usualMs)}.`,
        more: 'A model that was not read for long comes from the disk, and not from what the machine still has of it in memory.',
      };
    },
  },
  {
    name: 'load-num-ctx',
    when: 'The model stood ready with another num_ctx than the app asked for.',
    setting: { path: 'ollama.models', label: 'Let Hearth choose num_ctx' },
    tell: because('options', ({ differs, chosen }, { model }) =>
      !chosen && differs.some(({ name }) => name === 'num_ctx')
        ? { more: endOfReloads(model, ['num_ctx']) }
        : undefined,
    ),
  },
  {
    name: 'load-larger-context',
    when: 'Hearth chose a larger num_ctx, since the prompt needed it.',
    tell: because('options', ({ chosen }) =>
      chosen ? { more: 'The larger context stays for those who come after it.' } : undefined,
    ),
  },
  {
    name: 'load-options',
    when: 'The model stood ready with other options than the app asked for.',
    tell: because('options', ({ differs }, { model }) => ({
      more: endOfReloads(model, differs.map(({ name }) => name)), // prettier-ignore
    })),
  },
  {
    name: 'load-in-turns',
    when: 'Two models that do not fit into memory together are asked for in turns.',
    tell: because('pushed_out', ({ times }) =>
      times > 1
        ? { more: 'They do not fit into it together. Let both apps use one model, or give each a smaller num_ctx.' }
        : undefined,
    ),
  },
  {
    name: 'load-pushed-out',
    when: 'Another model had taken its place in memory.',
    tell: because('pushed_out', () => ({
      more: 'Ollama makes room where both do not fit, or where OLLAMA_MAX_LOADED_MODELS are loaded.',
    })),
  },
  {
    name: 'load-expired',
    when: 'The model had been idle for longer than it stays loaded.',
    setting: { path: 'ollama.keep_alive', label: 'Keep it loaded longer' },
    tell: because('expired', () => ({ more: 'A model stays in memory for its keep_alive after each answer.' })),
  },
  {
    name: 'load-after-restart',
    when: 'Ollama had been started anew.',
    setting: { path: 'ollama.preload', label: 'Load it at start' },
    tell: because('restarted', () => ({ more: 'Hearth can load it again as soon as Ollama is back.' })),
  },
  {
    name: 'load-unloaded',
    when: 'Somebody had unloaded the model by Hearth.',
    tell: because('unloaded', () => ({})),
  },
  {
    name: 'load-elsewhere',
    when: 'The model had left memory, or was another one, by what a program did past Hearth.',
    tell: because('elsewhere', () => ({ more: 'Programs that go through Hearth are seen here by their names.' })),
  },
  {
    name: 'load-first',
    when: 'Nothing had asked for the model since Hearth started.',
    setting: { path: 'ollama.preload', label: 'Load it at start' },
    tell: because('first', () => ({ more: 'Hearth can load it before anybody asks.' })),
  },
  {
    name: 'load',
    when: 'The model was loaded, and why is not known.',
    tell: ({ model, parts, totalMs }) => ({ text: `Loading ${model} took ${ofAll(parts.load, totalMs)}.` }),
  },
];

type ReasonFor<W extends LoadReason['why']> = LoadReason & { readonly why: W };

/** Reports this reason if `more` confirms that it is the cause. */
function because<W extends LoadReason['why']>(
  why: W,
  more: (reason: ReasonFor<W>, facts: SlowFacts) => Pick<Told, 'more'> | undefined,
): Cause<SlowFacts>['tell'] {
  return (facts) => {
    const { reason } = facts.load;
    const found = isFor(why, reason) ? more(reason, facts) : undefined;
    if (found === undefined || reason === undefined) return undefined;
    const { parts, totalMs } = facts;
    return { text: `${capital(loadWords(reason, facts))}: that took ${ofAll(parts.load, totalMs)}.`, ...found };
  };
}

function isFor<W extends LoadReason['why']>(why: W, reason: LoadReason | undefined): reason is ReasonFor<W> {
  return reason?.why === why;
}

/** Capitalises a sentence, unless it begins with a model's name. */
function capital(words: string): string {
  return words.startsWith('another ') ? `A${words.slice(1)}` : words;
}
