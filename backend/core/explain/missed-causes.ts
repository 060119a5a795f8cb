// Why a request had no kept answer: what kept it from asking for one, and what became of the answer to the same
// question.
import type { Cause } from './cause.ts';
import type { FateFacts, MissedFacts } from './missed-facts.ts';
import { time } from './why-words.ts';

type MissedCause = Cause<MissedFacts>;

const ONLY_REPEATABLE =
  'On this route only answers that come out the same again are kept, unless the app asks for more.';

/** What kept the request from using the cache. */
export const BYPASS_CAUSES: readonly MissedCause[] = [
  {
    name: 'shared',
    when: 'The same question was being answered for another request.',
    tell: ({ way }) =>
      way === 'shared'
        ? { text: 'The same was being answered for another request just then, so it got that answer.' }
        : undefined,
  },
  {
    name: 'never-cached',
    when: 'The request was handed on to Ollama as it came.',
    tell: ({ way }) =>
      way === 'handed_on' ? { text: 'It went to Ollama as it came, and of such requests nothing is kept.' } : undefined,
  },
  {
    name: 'cache-off',
    when: 'The cache is turned off.',
    setting: { path: 'cache.enabled', label: 'Turn the cache on' },
    tell: ({ bypass }) => (bypass === 'disabled' ? { text: 'The cache is turned off.' } : undefined),
  },
  {
    name: 'cloud-model',
    when: "The model runs on ollama.com's machines.",
    tell: ({ isCloud, isAsked, bypass, model }) =>
      isCloud && bypass !== undefined && !isAsked
        ? {
            text: `${model} runs at ollama.com, so its answers are not kept.`,
            more: 'It may become another model there without anybody noticing here.',
          }
        : undefined,
  },
  {
    name: 'model-unknown',
    when: 'It was not known which model the name meant just then.',
    setting: { path: 'cache.stale_model_list_s', label: 'Trust an old list of models for longer' },
    tell: ({ bypass, model }) =>
      bypass === 'unknown_model'
        ? {
            text: `It was not known which model ${model} is just now, so nothing was looked for or kept.`,
            more: 'Ollama had not told its list of models, and the last one was too old.',
          }
        : undefined,
  },
  {
    name: 'run-again',
    when: 'Somebody had Hearth run an earlier request again.',
    tell: ({ bypass, isAgain }) =>
      bypass !== undefined && isAgain
        ? { text: 'It is an earlier request that was run again, so the model was asked anew.' }
        : undefined,
  },
  {
    name: 'asked-anew',
    when: 'The app asked for a new answer, to be kept (no-cache, refresh).',
    tell: ({ bypass, isAsked }) =>
      bypass === 'refresh' && isAsked
        ? { text: 'Its app asked for a new answer, which takes the place of the kept one.' }
        : undefined,
  },
  {
    name: 'asked-not-to',
    when: 'The app asked that the cache be left alone (no-store, use_cache false).',
    tell: ({ bypass, isAsked }) =>
      bypass !== undefined && isAsked ? { text: 'Its app asked that nothing be taken from the cache.' } : undefined,
  },
  {
    name: 'never-kept',
    when: 'cache.drop_in is off, and the app asked for nothing else.',
    setting: { path: 'cache.drop_in', label: 'Keep answers of this route' },
    tell: ({ bypass, isNeverKept }) =>
      bypass !== undefined && isNeverKept
        ? { text: 'On this route nothing is kept, unless the app asks for it.' }
        : undefined,
  },
  {
    name: 'not-repeatable',
    when: 'The temperature is not 0, with no seed and no top_k 1, and only repeatable answers are kept on its route.',
    setting: { path: 'cache.drop_in', label: 'Keep these too' },
    tell: ({ bypass, sampling }) =>
      bypass !== undefined && sampling !== undefined
        ? {
            text: `The temperature is ${sampling.temperature}${SAID_BY[sampling.by]} and there is no seed, so its answer could be another each time.`,
            more: ONLY_REPEATABLE,
          }
        : undefined,
  },
  {
    name: 'fresh-mark',
    when: 'A header that cache.fresh_when names came with a new value.',
    setting: { path: 'cache.fresh_when', label: 'Which headers ask anew' },
    tell: ({ bypass, freshWhen }) =>
      bypass === 'refresh' && freshWhen.length > 0
        ? { text: `${freshWhen.join(' or ')} came with a new value, so the model was asked anew.` }
        : undefined,
  },
];

const SAID_BY: Readonly<Record<'app' | 'Modelfile' | 'Ollama', string>> = {
  app: '',
  Modelfile: ' by its Modelfile',
  Ollama: ", which is Ollama's default,",
};

/** A cause that needs the fate of the answer to the same question. */
function ofFate(tell: (fate: FateFacts, facts: MissedFacts) => ReturnType<MissedCause['tell']>): MissedCause['tell'] {
  return (facts) => (facts.fate === undefined ? undefined : tell(facts.fate, facts));
}

/** What became of the answer to the same question. */
export const FATE_CAUSES: readonly MissedCause[] = [
  {
    name: 'not-shared',
    when: 'The same question was still being answered, and batch.enable_deduplication is off.',
    setting: { path: 'batch.enable_deduplication', label: 'Share answers that are under way' },
    tell: ofFate(({ isLater }, { isShared }) =>
      isLater && !isShared
        ? { text: 'The same was still being answered for another request when it came.' }
        : undefined,
    ),
  },
  {
    name: 'same-time',
    when: 'The same question was still being answered, in a run that it could not share.',
    tell: ofFate(({ isLater }) =>
      isLater
        ? {
            text: 'The same was still being answered for another request when it came, in a run that it could not share.',
          }
        : undefined,
    ),
  },
  {
    name: 'expired',
    when: 'The kept answer was older than cache.ttl_seconds, or what its app asked for.',
    setting: { path: 'cache.ttl_seconds', label: 'Keep answers for longer' },
    tell: ofFate(({ kept }) =>
      kept?.expiredMs === undefined
        ? undefined
        : {
            text: `The answer was kept for ${time(kept.forMs)}, and that was over ${time(kept.expiredMs)} before.`,
          },
    ),
  },
  {
    name: 'too-old',
    when: 'The app takes no answer that is as old as the kept one (max-age).',
    tell: ofFate(({ kept, loss }, { maxAgeS }) =>
      kept !== undefined && loss === undefined && maxAgeS !== undefined && kept.agoMs > maxAgeS * 1000
        ? {
            text: `Its app takes no answer older than ${time(maxAgeS * 1000)}, and the kept one was ${time(kept.agoMs)} old.`,
          }
        : undefined,
    ),
  },
  {
    name: 'no-room-on-disk',
    when: 'The kept answer is gone, and the disk is as full as it may be.',
    setting: { path: 'cache.disk_max_size_mb', label: 'Give kept answers more room' },
    tell: ofFate(({ loss, kept, disk }) =>
      kept !== undefined && (loss === undefined || loss === 'room') && disk === 'full'
        ? { text: `Its answer was kept ${time(kept.agoMs)} before, and had to make room for others on the disk.` }
        : undefined,
    ),
  },
  {
    name: 'no-room',
    when: 'The kept answer had to make room for others, in memory alone.',
    setting: { path: 'cache.max_size_mb', label: 'Give kept answers more room' },
    tell: ofFate(({ loss, agoMs, disk }) =>
      loss === 'room' && disk === 'unused'
        ? { text: `Its kept answer had to make room for others ${time(agoMs)} before.` }
        : undefined,
    ),
  },
  {
    name: 'gone',
    when: 'The kept answer is gone, and why is not known.',
    tell: ofFate(({ loss, kept }) =>
      kept !== undefined && (loss === undefined || loss === 'room')
        ? { text: `Its answer was kept ${time(kept.agoMs)} before, and is no longer there.` }
        : undefined,
    ),
  },
  {
    name: 'cleared',
    when: 'Somebody had cleared the cache, or removed this answer.',
    tell: ofFate(({ loss, agoMs }) =>
      loss === 'cleared' ? { text: `Its kept answer was cleared ${time(agoMs)} before.` } : undefined,
    ),
  },
  {
    name: 'too-large',
    when: 'The answer before was larger than cache.max_entry_mb.',
    setting: { path: 'cache.max_entry_mb', label: 'Keep larger answers' },
    tell: ofFate(({ loss }, { largestMb }) =>
      loss === 'too_large'
        ? { text: `The answer before was larger than ${largestMb} MB, so it was not kept.` }
        : undefined,
    ),
  },
  {
    name: 'not-whole',
    when: 'The answer before was empty, did not end in order, or was of a part of the prompt.',
    tell: ofFate(({ loss }) =>
      loss === 'unusable' ? { text: 'The answer before was empty or not whole, so it was not kept.' } : undefined,
    ),
  },
  {
    name: 'failed-before',
    when: 'The run before had failed.',
    tell: ofFate(({ loss }) =>
      loss === 'failed'
        ? { text: 'When the same was asked before, the run failed, so there was no answer to keep.' }
        : undefined,
    ),
  },
  {
    name: 'left-before',
    when: 'The app before had left, or was cancelled, before its answer was whole.',
    setting: { path: 'cache.finish_abandoned', label: 'Finish answers nobody waits for' },
    tell: ofFate(({ loss }) =>
      loss === 'cancelled'
        ? { text: 'When the same was asked before, its app left before the answer was whole, so it was not kept.' }
        : undefined,
    ),
  },
  {
    name: 'kept-nothing-before',
    when: 'The same question was asked before in a way that keeps nothing.',
    tell: ofFate(({ loss }) =>
      loss === 'unwanted' ? { text: 'When the same was asked before, its answer was not to be kept.' } : undefined,
    ),
  },
];
