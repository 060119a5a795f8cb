// Explains each figure of the day to users: the window shows the text as a tooltip, docs/figures.md lists it. One
// table, so that both say the same. No schema here, so that the page can import it.

export interface Meaning {
  /** The figure's name. */
  readonly name: string;
  /** What is counted, and what is not. */
  readonly means: string;
}

export const FIGURES = {
  requests: {
    name: 'Requests',
    means:
      'Requests of which it was known where their answer comes from. One that was refused, or given up, before that is not among them.',
  },
  no_model_time: {
    name: 'No model time',
    means:
      'Requests that were answered without a run of the model of their own: by a kept answer (hit), or by the run of another request for the same (coalesced).',
  },
  hit: { name: 'Hit', means: 'Requests that were answered by a kept answer.' },
  coalesced: {
    name: 'Coalesced',
    means: 'Requests that asked the same as one that was under way, and were given its answer.',
  },
  miss: { name: 'Miss', means: 'Requests for which no answer was kept, so that the model ran.' },
  bypass: {
    name: 'Bypass',
    means: 'Requests that may not be answered by a kept answer, so that the model ran whatever was kept.',
  },
  time_saved: {
    name: 'Time saved',
    means:
      'For each hit and each coalesced request, the time that the model took to read that prompt and write that answer when it ran. Loading and waiting are not counted.',
  },
  tokens_saved: {
    name: 'Tokens saved',
    means: 'For each hit and each coalesced request, the tokens of the answer that the model did not write again.',
  },
  wait: {
    name: 'Wait for a turn',
    means:
      'From the arrival of a request until its run began, of chats and completions that were answered by a run. A load of the model comes after it.',
  },
  first_token: {
    name: 'First token after it',
    means:
      'From the end of the wait to the first piece of the answer: loading the model, where it had to be, and reading the prompt.',
  },
  median: { name: 'Median', means: 'Half of them took no longer. Right within 2 %.' },
  p95: { name: '95 % under', means: '95 of 100 took no longer. Right within 2 %.' },
  longest: { name: 'Longest', means: 'The one that took longest. Right within 2 %.' },
  reused: {
    name: 'Prompt reuse',
    means:
      'Of the prompt tokens with which a prompt began that the model has read since it was loaded, those that were still in its memory and were not read again. To 256 characters, and where it is known what was reused: Ollama says it, or it is estimated from the time that reading took. What stands behind a change is not among them, but in the list below.',
  },
  lost: {
    name: 'Tokens read again',
    means:
      'Prompt tokens that the request before it had too and that were read again all the same: since the prompt changed before them, since the model was loaded again, or since other prompts had taken their place.',
  },
  failed: { name: 'Failed', means: 'Requests that ended with an error, whoever was at fault.' },
  cancelled: { name: 'Cancelled', means: 'Requests that their app, or somebody in the queue, gave up before the end.' },
  range: {
    name: 'Range',
    means:
      'Counted in whole steps: of 15 s in 15 minutes, of a minute in an hour, of 15 minutes in 24 hours, of an hour in 7 days, of a day in 30 days. The step in which the range begins counts whole.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;
export type FigureName = keyof typeof FIGURES;
