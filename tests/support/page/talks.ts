// Talks in "Try it", as they are on the design's mock page.
import type { TurnView } from '../../../backend/contract/window/talk.ts';

/** A question that is being answered, changed. */
export function turn(over: Partial<TurnView> = {}): TurnView {
  return {
    id: 1,
    model: 'llama3.2:3b',
    question: 'What does keep_alive do?',
    state: 'answering',
    thinking: '',
    answer: '',
    asked_at: new Date(Date.now() - 1900).toISOString(),
    request_id: 'asked',
    source: 'miss',
    kept_at: null,
    saved_ms: null,
    run_of: null,
    tokens: null,
    tokens_per_s: null,
    total_ms: null,
    error: null,
    ...over,
  };
}

const KEPT = turn({
  state: 'answered',
  answer:
    'It says how long Ollama holds a model in memory after its last answer. While it is held, the next answer starts at once.',
  source: 'hit',
  kept_at: new Date(Date.now() - 900_000).toISOString(),
  saved_ms: 1200,
  tokens: 33,
  total_ms: 350,
});

/** The last one is being answered. */
export const TALK: readonly TurnView[] = [
  KEPT,
  turn({
    id: 2,
    question: 'And in one word?',
    state: 'answered',
    answer: 'Warmth.',
    thinking: 'One word. It keeps a model warm, so: warmth.',
    source: 'coalesced',
    run_of: 'Open WebUI',
    tokens: 3,
    total_ms: 490,
  }),
  turn({
    id: 3,
    question: 'Why is the first answer slow?',
    answer:
      'The model has to be read from disk into memory before it can answer. A 3B model takes about two seconds, a 24B model more than ten. After that it stays warm, and only reading your prompt comes before the first',
    tokens: 61,
    tokens_per_s: 41,
  }),
];

export const BROKEN: readonly TurnView[] = [
  KEPT,
  turn({
    id: 2,
    question: 'Why is the first answer slow?',
    model: 'deepseek-r1:8b',
    state: 'failed',
    answer: 'The model has to be read from disk into memory before it can answer. A 3B model takes about two',
    tokens: 20,
    total_ms: 900,
    error: {
      code: 'upstream_failed',
      sentence: 'Ollama: “llama runner process has terminated: signal: killed”',
    },
  }),
];
