// How a kept answer is spoken again. Smooth: word by word within a little more than a second, as if it were just
// written; original: the model's own pieces; instant: all at once. What was recorded is spoken as fast as the model spoke, where
// the original is asked for. Pacing only; back-pressure is the reader's.
import { replay, type ChatEvent, type Completion, type Cut, type Piece, type Said } from '../../contract/chat/chat.ts';
import type { Config } from '../../contract/config/config.ts';
import type { Clock } from '../ports.ts';

export type ReplayMode = Config['cache']['replay'];
export const REPLAY_MODES = ['smooth', 'instant', 'original'] as const satisfies readonly ReplayMode[];

const NS_PER_MS = 1e6;
/** The whole replay stays under the promised 1200 ms, with room for timers that fire late. */
const LONGEST_MS = 1000;
/** Milliseconds per word of a short answer: 66 pieces a second, over the promised 60. */
const WORD_MS = 15;
/** The shortest sleep; what falls due meanwhile comes together. */
const TICK_MS = 8;
/** A word longer than this (Chinese and Thai write no spaces) is cut into pieces of about so many UTF-16 units. */
const RUN_UNITS = 24;
/**
 * The eye can't follow more pieces than this in one replay, and they cost every reader; longer texts come in groups of
 * words.
 */
const MOST_PIECES = 1200;

/** The events of a kept answer at the pace of `mode`; `timed` is that of the run. Throws the signal's reason when it aborts. */
export async function* speak(
  completion: Completion,
  mode: ReplayMode | 'timed',
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  // What came beside the text (logprobs) belongs to its piece, so such an answer keeps the model's own pieces.
  const own = mode !== 'instant' && completion.extras.length > 0;
  if (mode === 'smooth' || mode === 'timed') {
    const {
      pieces,
      gapMs,
      firstMs = 0,
    } = mode === 'timed' ? asItRan(completion) : own ? asTheyCame(completion) : inWords(completion);
    // By the clock, not by counting sleeps: a timer that fires late, or a slow reader, is made up for.
    let due = clock.elapsed() + firstMs;
    const wait = async (): Promise<void> => {
      const early = due - clock.elapsed();
      if (early > 0) await clock.sleep(Math.max(TICK_MS, early), signal);
      signal.throwIfAborted();
    };
    for (const piece of pieces) {
      await wait();
      yield { type: 'piece', piece };
      due += gapMs;
    }
    if (mode === 'timed') await wait();
  }
  const rest = mode === 'original' ? replay(completion) : atOnce(completion, mode === 'instant');
  const isTold = mode === 'timed' || (own && mode === 'smooth');
  for (const event of isTold ? [{ type: 'end', end: completion.end } as const] : rest) {
    signal.throwIfAborted();
    yield event;
  }
}

interface Paced {
  readonly pieces: Iterable<Piece>;
  /** From one piece to the next, and before the first; milliseconds. */
  readonly gapMs: number;
  readonly firstMs?: number;
}

/** The model's own pieces, at a pace that ends in time. */
function asTheyCame(completion: Completion): Paced {
  const pieces = ownPieces(completion);
  return { pieces, gapMs: Math.min(WORD_MS, LONGEST_MS / Math.max(1, pieces.length)) };
}

/** The model's own pieces, in the time that it took to read the prompt and to write them. What each took by itself is not kept. */
function asItRan(completion: Completion): Paced {
  const pieces = ownPieces(completion);
  const { prompt_eval_duration: read, eval_duration: written } = completion.end.metrics;
  return { pieces, firstMs: read / NS_PER_MS, gapMs: written / NS_PER_MS / Math.max(1, pieces.length) };
}

function ownPieces(completion: Completion): readonly Piece[] {
  return [...replay(completion)].flatMap((event) => (event.type === 'piece' ? [event.piece] : []));
}

/** The texts, thinking first, in words or groups of words, and how long after each other they come. */
function inWords({ thinking, content }: Completion): Paced {
  const words = countPieces(thinking) + countPieces(content);
  const least = words <= MOST_PIECES ? 1 : Math.ceil((thinking.length + content.length) / MOST_PIECES);
  const pieces = function* (): Generator<Piece> {
    for (const part of cutWords(thinking, least)) yield { thinking: part, content: '' };
    for (const part of cutWords(content, least)) yield { thinking: '', content: part };
  };
  return { pieces: pieces(), gapMs: Math.min(WORD_MS, LONGEST_MS / Math.min(words, MOST_PIECES)) };
}

/** The texts in one piece, if they are asked for, then what is no text: tool calls, unknown fields, the end. */
export function* atOnce(completion: Completion, texts: boolean = true): Generator<Said> {
  const { thinking, content, cuts } = completion;
  if (texts && thinking + content !== '') yield { type: 'piece', piece: { thinking, content } };
  // What was joined to a text stands alone here.
  const others = cuts.flatMap(([kind, length]): Cut[] =>
    kind === 'tool_calls' || kind === 'extra' ? [[kind, length]] : [],
  );
  yield* replay({ ...completion, cuts: others });
}

/** At most how many pieces cutWords makes of a text when it groups nothing; does not count far beyond MOST_PIECES. */
function countPieces(text: string): number {
  let count = 0;
  for (const { 0: word } of text.matchAll(/\s*\S+|\s+/g)) {
    count += 1 + Math.floor(word.length / RUN_UNITS);
    if (count > MOST_PIECES) break;
  }
  return count;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * A text in pieces that join to the same text, each of `least` UTF-16 units or more: cut before the white space that
 * follows a word, or inside a long word, and never inside a grapheme cluster. Lazy, so that a long text does not hold
 * up the process before its first word.
 */
export function* cutWords(text: string, least: number = 1): Generator<string> {
  const long = Math.max(RUN_UNITS, least);
  let from = 0;
  let boundary = 0;
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const space = /\s/.test(text.charAt(at));
    const length = at - from;
    if (at >= boundary && (length >= long || (space && inWord && length >= least))) {
      boundary = boundaryAfter(text, from, at);
      if (boundary === at) {
        yield text.slice(from, at);
        from = at;
        inWord = false;
      }
    }
    inWord ||= !space;
  }
  if (from < text.length) yield text.slice(from);
}

/**
 * `at` when it lies between two grapheme clusters, else the place to try next: no boundary comes before it. `from` is
 * a boundary. Looks at a window only, since Intl.Segmenter takes time with the square of the text's length.
 */
function boundaryAfter(text: string, from: number, at: number): number {
  for (let reach = 32; ; reach *= 2) {
    const window = text.slice(from, at + reach);
    const cluster = graphemes.segment(window).containing(at - from);
    if (cluster === undefined || cluster.index === at - from) return at;
    const end = cluster.index + cluster.segment.length;
    if (end < window.length || at + reach >= text.length) return from + end;
  }
}
