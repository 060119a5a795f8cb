// How a kept answer is spoken again. Smooth: word by word within a little more than a second, as if it were just
// written; original: the model's own pieces; instant: all at once. Pacing only; back-pressure is the reader's.
import { replay, type ChatEvent, type Completion, type Piece } from '../contract/chat.ts';
import type { Config } from '../contract/config.ts';
import type { Clock } from './ports.ts';

export type ReplayMode = Config['cache']['replay'];
export const REPLAY_MODES = ['smooth', 'instant', 'original'] as const satisfies readonly ReplayMode[];

/** The whole replay stays under product.md's 1200 ms with room for timers that fire late. */
const LONGEST_MS = 1000;
/** Milliseconds per word of a short answer: 66 pieces a second, over the promised 60. */
const WORD_MS = 15;
/** One step of the pacing clock. */
const TICK_MS = 8;
/** Texts without spaces (Chinese, Thai, base64) are cut into pieces of about this many UTF-16 units. */
const WORD_UNITS = 12;
/** More pieces than this in one replay tell the eye nothing and cost every reader. */
const MOST_PIECES = 1200;

/** The events of a kept answer at the pace of `mode`. Throws the signal's reason when it aborts. */
export async function* speak(
  completion: Completion,
  mode: ReplayMode,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  if (mode === 'original') {
    yield* replay(completion);
    return;
  }
  const rest = afterTexts(completion);
  if (mode === 'instant') {
    if (completion.thinking !== '' || completion.content !== '') {
      yield { type: 'piece', piece: { thinking: completion.thinking, content: completion.content } };
    }
    yield* rest;
    return;
  }
  const total = completion.thinking.length + completion.content.length;
  const words = countWords(completion.thinking) + countWords(completion.content);
  const duration = Math.min(LONGEST_MS, words * WORD_MS);
  const step = Math.max(WORD_UNITS, Math.ceil(total / MOST_PIECES));
  const startedAt = clock.now();
  let spoken = 0;
  for (const piece of inWords(completion, step)) {
    // By the clock, not by counting ticks: a timer that fires late is made up for at the next piece.
    while (spoken > 0 && (spoken / total) * duration > clock.now() - startedAt) await clock.sleep(TICK_MS, signal);
    signal.throwIfAborted();
    spoken += piece.thinking.length + piece.content.length;
    yield { type: 'piece', piece };
  }
  yield* rest;
}

/** Thinking first, then content, in words. */
function* inWords(completion: Completion, step: number): Generator<Piece> {
  for (const thinking of cutWords(completion.thinking, step)) yield { thinking, content: '' };
  for (const content of cutWords(completion.content, step)) yield { thinking: '', content };
}

/** What is no text: tool calls, unknown fields, the end. */
function* afterTexts(completion: Completion): Generator<ChatEvent> {
  for (const event of replay({ ...completion, cuts: completion.cuts.filter(([kind]) => isNoText(kind)) })) yield event;
}

function isNoText(kind: string): boolean {
  return kind === 'tool_calls' || kind === 'extra';
}

/** At least how many pieces cutWords will make of a text with its shortest step. */
function countWords(text: string): number {
  return Math.max(text.match(/\S+/g)?.length ?? 0, Math.floor(text.length / (2 * WORD_UNITS)), text === '' ? 0 : 1);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * A text in pieces that join to the same text, cut before white space, or inside a long word every `step` units, and
 * never inside a grapheme cluster. Lazy, so that a long text does not hold up the process before its first word.
 */
export function* cutWords(text: string, step: number = WORD_UNITS): Generator<string> {
  let from = 0;
  let started = false;
  // ASCII needs no segmenter, which is slow: there, only CR LF is a cluster, and white space is never cut inside.
  const clusters = isAscii(text) ? asciiClusters(text) : graphemes.segment(text);
  for (const { segment, index } of clusters) {
    const space = /^\s/.test(segment);
    const longEnough = index - from >= step;
    if (index > from && ((space && started && longEnough) || (space && started && step <= WORD_UNITS) || index - from >= 2 * step)) {
      yield text.slice(from, index);
      from = index;
      started = false;
    }
    if (!space) started = true;
  }
  if (from < text.length) yield text.slice(from);
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the range is the definition of ASCII
  return /^[\u0000-\u007f]*$/.test(text);
}

function* asciiClusters(text: string): Generator<{ segment: string; index: number }> {
  for (const match of text.matchAll(/\r\n|[^]/g)) yield { segment: match[0], index: match.index };
}
