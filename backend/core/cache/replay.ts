// How a kept answer is replayed. `smooth`: word by word within about a second, as if it were just written. `original`:
// in the model's own pieces. `instant`: all at once. A recorded answer is replayed at the model's pace if `original` is
// asked for. Only pacing; back-pressure comes from the reader.
import { replay, type ChatEvent, type Completion, type Cut, type Piece, type Said } from '../../contract/chat/chat.ts';
import type { Config } from '../../contract/config/config.ts';
import type { Clock } from '../ports.ts';

export type ReplayMode = Config['cache']['replay'];
export const REPLAY_MODES = ['smooth', 'instant', 'original'] as const satisfies readonly ReplayMode[];

const NS_PER_MS = 1e6;
/** The whole replay stays under the promised 1200 ms, with room for late timers. */
const LONGEST_MS = 1000;
/** Milliseconds per word of a short answer: 66 pieces a second, above the promised 60. */
const WORD_MS = 15;
/** The shortest sleep; pieces that fall due meanwhile are sent together. */
const TICK_MS = 8;
/** A longer word (Chinese and Thai have no spaces) is cut into pieces of about this many UTF-16 units. */
const RUN_UNITS = 24;
/**
 * The most pieces of one replay. The eye can't follow more, and every piece costs its readers; longer texts come in
 * groups of words.
 */
const MOST_PIECES = 1200;

/** The events of a kept answer at the pace of `mode`; `timed` is the pace of the run. Throws the signal's reason. */
export async function* speak(
  completion: Completion,
  mode: ReplayMode | 'timed',
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  // Data beside the text (logprobs) belongs to its piece, so such an answer keeps the model's own pieces.
  const own = mode !== 'instant' && completion.extras.length > 0;
  if (mode === 'smooth' || mode === 'timed') {
    const {
      pieces,
      gapMs,
      firstMs = 0,
    } = mode === 'timed' ? asItRan(completion) : own ? asTheyCame(completion) : inWords(completion);
    // Paced by the clock and not by counting sleeps, so that late timers and slow readers are made up for.
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
  /** Milliseconds between two pieces, and before the first. */
  readonly gapMs: number;
  readonly firstMs?: number;
}

/** The model's own pieces, at a pace that ends in time. */
function asTheyCame(completion: Completion): Paced {
  const pieces = ownPieces(completion);
  return { pieces, gapMs: Math.min(WORD_MS, LONGEST_MS / Math.max(1, pieces.length)) };
}

/**
 * The model's own pieces, spread over the time that it took to read and to write. The time of each piece is not kept.
 */
function asItRan(completion: Completion): Paced {
  const pieces = ownPieces(completion);
  const { prompt_eval_duration: read, eval_duration: written } = completion.end.metrics;
  return { pieces, firstMs: read / NS_PER_MS, gapMs: written / NS_PER_MS / Math.max(1, pieces.length) };
}

function ownPieces(completion: Completion): readonly Piece[] {
  return [...replay(completion)].flatMap((event) => (event.type === 'piece' ? [event.piece] : []));
}

/** The texts, thinking first, in words or groups of words, with the time between them. */
function inWords({ thinking, content }: Completion): Paced {
  const words = countPieces(thinking) + countPieces(content);
  const least = words <= MOST_PIECES ? 1 : Math.ceil((thinking.length + content.length) / MOST_PIECES);
  const pieces = function* (): Generator<Piece> {
    for (const part of cutWords(thinking, least)) yield { thinking: part, content: '' };
    for (const part of cutWords(content, least)) yield { thinking: '', content: part };
  };
  return { pieces: pieces(), gapMs: Math.min(WORD_MS, LONGEST_MS / Math.min(words, MOST_PIECES)) };
}

/** The texts in one piece if `texts` is true, then everything else: tool calls, unknown fields, the end. */
export function* atOnce(completion: Completion, texts: boolean = true): Generator<Said> {
  const { thinking, content, cuts } = completion;
  if (texts && thinking + content !== '') yield { type: 'piece', piece: { thinking, content } };
  // What was joined to a text stands alone here.
  const others = cuts.flatMap(([kind, length]): Cut[] =>
    kind === 'tool_calls' || kind === 'extra' ? [[kind, length]] : [],
  );
  yield* replay({ ...completion, cuts: others });
}

/** The most pieces that cutWords makes of a text without grouping. Stops counting soon after MOST_PIECES. */
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
 * Cuts a text into pieces of at least `least` UTF-16 units, before the white space that follows a word or inside a long
 * word, but never inside a grapheme cluster. Lazy, so that a long text does not block the process before its first
 * word.
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
 * `at` if it lies between two grapheme clusters, else the next position to try: there is no boundary before it. `from`
 * is a boundary. Looks only at a window, since Intl.Segmenter takes quadratic time.
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
