// Keeps what changes in a prompt without need the same, so that a model server can go on from what it has computed: spans of known
// forms in the instructions of a request, for apps of which the settings say so. Everything else is as it was sent, to the byte.
// What was done once is not done again, so a request that passes two gateways comes out the same. Pure.
import type { PinnedSpans, PinRules, PinWords } from '../../contract/rules/pin-rule.ts';
import { hash } from 'node:crypto';
import type { UpstreamRequest } from '../ports.ts';
import { billingSpans } from './billing-line.ts';
import { clockSpans, hourOf, isNamedAgain, lineOf, namesPresent, saysHour, withoutNames } from './prompt-clocks.ts';
import { OF_HOURS, OF_TIME, POINTS_AT_CLOCK, small } from './clock-words.ts';
import {
  hasRepeated,
  hasWord,
  instructionsOf,
  isSaidIn,
  isSpokenOf,
  replaced,
  without,
  type Instructions,
  type PinSpan,
} from './pin-forms.ts';

/** A request as it goes up, and what was done. */
export interface Kept {
  readonly request: UpstreamRequest;
  readonly pinned: readonly PinnedSpans[];
}

/** The request as these rules have it, of /api/chat or /api/generate; the same object where nothing is done. */
export function keptStable(request: UpstreamRequest, { billing_line, clock }: PinRules): Kept {
  const first = billing_line === 'pin' ? billingKept(request) : { request, pinned: [] };
  if (clock === undefined || clock === 'as_sent') return first;
  const then = clockKept(first.request, clock);
  return { request: then.request, pinned: [...first.pinned, ...then.pinned] };
}

/** What was done, as a header says it: a dictionary of RFC 9651. */
export function saidOf(pinned: readonly PinWords[]): string {
  return pinned.map(({ what, how }) => `${what}=${how}`).join(', ');
}

/** A request without its instructions: what others say in it, and the tools. */
function othersIn(instructions: Instructions): UpstreamRequest {
  return instructions.with(instructions.texts.map(() => ''));
}

function billingKept(request: UpstreamRequest): Kept {
  const instructions = instructionsOf(request);
  const [first = '', ...others] = instructions.texts;
  const isQuoted = (...words: readonly string[]): boolean =>
    isSpokenOf(othersIn(instructions), ...words) || others.some((text) => hasWord(text, ...words));
  const spans = billingSpans(first, isQuoted);
  if (spans.length === 0 || hasRepeated(othersIn(instructions))) return { request, pinned: [] };
  return {
    request: instructions.with([replaced(first, spans), ...others]),
    pinned: [pinnedOf({ what: 'billing_line', how: 'pin' }, [spans])],
  };
}

/** All clocks or none: two that do not agree would tell the model less than before. */
function clockKept(request: UpstreamRequest, how: 'to_end' | 'to_day'): Kept {
  const nothing: Kept = { request, pinned: [] };
  const instructions = instructionsOf(request);
  const found = instructions.texts.map((text) => clockSpans(text, how));
  const spans = found.flat();
  if (spans.length === 0) return nothing;
  const others = othersIn(instructions);
  const rest = instructions.texts.map((text, i) => without(text, found[i] ?? []));
  const hours = spans.map(hourOf).filter((hour) => hour !== undefined);
  const saysOne = (text: string): boolean => hours.some((hour) => saysHour(text, hour));
  const isQuoted = isSaidIn(others, saysOne) || rest.some(saysOne) || hasRepeated(others);
  if (isQuoted || spans.some((span) => isNamedAgain(span, instructions.texts))) return nothing;
  // Without its spans a text still has their names.
  const nameless = instructions.texts.map((text, i) => withoutNames(text, found[i] ?? []));
  const pointsAtIt = (text: string): boolean => POINTS_AT_CLOCK.test(small(text));
  if (namesPresent(nameless) || nameless.some(pointsAtIt) || isSaidIn(others, pointsAtIt)) return nothing;
  const kept = instructions.with(instructions.texts.map((text, i) => replaced(text, found[i] ?? [])));
  const pinned = [pinnedOf({ what: 'clock', how }, found)];
  if (how === 'to_day') {
    const needsHour = asksForTime(others) || nameless.some((text) => OF_HOURS.test(small(text)));
    return needsHour ? nothing : { request: kept, pinned };
  }
  const end = spans.map(lineOf).join('\n');
  const told = withAtEnd(kept, end);
  return told === undefined ? nothing : { request: told, pinned: pinned.map((one) => ({ ...one, end })) };
}

/** Whether anybody but the app speaks of the time of day: then the answer may need it. */
function asksForTime({ messages, prompt }: UpstreamRequest): boolean {
  const said = Array.isArray(messages) ? (messages as readonly Readonly<Record<string, unknown>>[]) : [];
  const words = said.filter(({ role }) => role === 'user').map(({ content }) => content);
  return [...words, prompt].some((text) => typeof text === 'string' && OF_TIME.test(small(text)));
}

/** Who may have the last word for a clock to be told behind it; of others the model goes on with what they said. */
const LAST = new Set<unknown>(['user', 'tool']);

/** The request with a line more at the end of what is said last; undefined where there is no such place. */
function withAtEnd(request: UpstreamRequest, line: string): UpstreamRequest | undefined {
  const { messages, prompt, suffix, template } = request;
  const end = (text: string): string => (text === '' ? line : `${text}\n\n${line}`);
  if (!Array.isArray(messages)) {
    const isFilled = typeof suffix === 'string' && suffix !== '';
    // Whether a template of its own has the prompt in it, is not known.
    const isPlain = typeof template !== 'string' || template === '';
    return typeof prompt === 'string' && prompt !== '' && !isFilled && isPlain
      ? { ...request, prompt: end(prompt) }
      : undefined;
  }
  const said = messages as readonly Readonly<Record<string, unknown>>[];
  const last = said.at(-1);
  if (last === undefined || !LAST.has(last['role']) || typeof last['content'] !== 'string') return undefined;
  return { ...request, messages: [...said.slice(0, -1), { ...last, content: end(last['content']) }] };
}

/** `found`: the spans of each text of the instructions. */
function pinnedOf({ what, how }: PinWords, found: readonly (readonly PinSpan[])[]): PinnedSpans {
  const spans = found.flatMap((ofText, text) => {
    let moved = 0;
    return ofText.map(({ from, sent, now }) => {
      const at = from + moved;
      moved += now.length - sent.length;
      // A copy: a part of a string keeps all of it in memory.
      return { text, at, sent: Buffer.from(sent).toString(), now };
    });
  });
  const sent = spans.map((span) => span.sent);
  return {
    what,
    how,
    chars: sent.reduce((sum, { length }) => sum + length, 0),
    at: spans[0]?.at ?? 0,
    sent_hash: hash('sha256', JSON.stringify(sent)).slice(0, 16),
    spans,
  };
}
