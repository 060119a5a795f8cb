// What the simulated Ollamas of the run say. Each answer names the run that it comes from, so that whoever has it can tell which
// of all runs was answered, and whether it is whole.
import { hash } from '../support/soak/random.ts';

/** A run of a model. */
export interface RunName {
  /** Of the Ollama: the number of its gateway. */
  readonly node: number;
  /** Of all that this Ollama was asked. */
  readonly number: number;
}

const MARK = /^run (\d)-(\d+) /;
/** Pieces are cut anew on their way, so that less than the name may have come. */
const MARK_BEGUN = /^(?:r|ru|run|run \d?|run \d-\d*)?$/;
/** Milliseconds until the last word, for a question that says so. */
const LASTS = /lasts (\d+) ms/;
const SHORTEST = 4;
const LONGEST = 40;

/** How long a question's answer takes, where it says so. */
export function lastsOf(question: string): number | undefined {
  const [, ms] = LASTS.exec(question) ?? [];
  return ms === undefined ? undefined : Number(ms);
}

/** Of the longest answer, with its mark and its end. */
export const MOST_WORDS = LONGEST + 3;

/** The words of an answer, as they come. */
export function wordsOf({ node, number }: RunName, question: string): readonly string[] {
  const seed = hash(question);
  const more = Array.from({ length: SHORTEST + (seed % (LONGEST - SHORTEST)) }, (_, at) => `word-${at} `);
  return [`run ${node}-${number} `, `of "${question}": `, ...more, 'end.'];
}

/** The run that an answer, or its beginning, is from; undefined where there is too little of it. */
export function runOf(text: string): RunName | undefined {
  const [, node, number] = MARK.exec(text) ?? [];
  return node === undefined ? undefined : { node: Number(node), number: Number(number) };
}

/** What is wrong with an answer, or with the beginning of one; undefined where nothing is. */
export function wrongWith(question: string, text: string, isWhole: boolean): string | undefined {
  const run = runOf(text);
  if (run === undefined)
    return !isWhole && MARK_BEGUN.test(text) ? undefined : `it is from no run: ${JSON.stringify(text)}`;
  const due = wordsOf(run, question).join('');
  if (isWhole ? text === due : due.startsWith(text)) return undefined;
  return `it is not what was said to ${JSON.stringify(question)}: ${JSON.stringify(text)}`;
}
