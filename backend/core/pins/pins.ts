// Keeps what changes in a prompt without need the same, so that a model server can go on from what it has computed: spans of known
// forms in the instructions of a request, for apps of which the settings say so. Everything else is as it was sent, to the byte.
// What was done once is not done again, so a request that passes two gateways comes out the same. Pure.
import type { PinnedSpans, PinRules, PinWords } from '../../contract/rules/pin-rule.ts';
import { hash } from 'node:crypto';
import type { UpstreamRequest } from '../ports.ts';
import { asksForVersion, billingSpans } from './billing-line.ts';
import { AT_THE_END, clockIn, hourOf, lineOf, saysHour } from './prompt-clocks.ts';
import { isOfHours, POINTS_AT_CLOCK, small, TIME_OF_DAY } from './clock-words.ts';
import {
  hasWord,
  instructionsOf,
  isSaidIn,
  lastAsked,
  replaced,
  type Instructions,
  type PinSpan,
} from './pin-forms.ts';
import { asksForInstructions } from './repeat-words.ts';

/** A request as it goes up, and what was done. */
export interface Kept {
  readonly request: UpstreamRequest;
  readonly pinned: readonly PinnedSpans[];
}

/** The request as these rules have it, of /api/chat or /api/generate; the same object where nothing is done. */
export function keptStable(request: UpstreamRequest, { billing_line, clock }: PinRules): Kept {
  if (!isPlain(request)) return { request, pinned: [] };
  const first = billing_line === 'pin' ? billingKept(request) : { request, pinned: [] };
  if (clock === undefined || clock === 'as_sent') return first;
  const then = clockKept(first.request, clock);
  return { request: then.request, pinned: [...first.pinned, ...then.pinned] };
}

/** Who may have the last word; of others the model goes on with what they said. */
const LAST = new Set<unknown>(['user', 'tool']);
const isFilled = (text: unknown): boolean => typeof text === 'string' && text !== '';

/** Whether somebody has asked something, in the form of the model's own template. */
function isPlain({ messages, prompt, suffix, template }: UpstreamRequest): boolean {
  if (isFilled(suffix) || isFilled(template)) return false;
  if (!Array.isArray(messages)) return isFilled(prompt);
  const last = (messages as readonly Readonly<Record<string, unknown>>[]).at(-1);
  return LAST.has(last?.['role']) && typeof last?.['content'] === 'string';
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
  const nothing: Kept = { request, pinned: [] };
  const instructions = instructionsOf(request);
  const [first = '', ...rest] = instructions.texts;
  const others = othersIn(instructions);
  const isQuoted = (...words: readonly string[]): boolean =>
    isSaidIn(others, (text) => hasWord(text, ...words)) || rest.some((text) => hasWord(text, ...words));
  const spans = billingSpans(first, isQuoted);
  const isAsked = (text: string): boolean => asksForInstructions(text) || asksForVersion(text);
  if (spans.length === 0 || lastAsked(request).some(isAsked)) return nothing;
  return {
    request: instructions.with([replaced(first, spans), ...rest]),
    pinned: [pinnedOf({ what: 'billing_line', how: 'pin' }, { text: 0, spans })],
  };
}

function clockKept(request: UpstreamRequest, how: 'to_end' | 'to_day'): Kept {
  const nothing: Kept = { request, pinned: [] };
  const instructions = instructionsOf(request);
  const clock = clockIn(instructions.texts);
  const now = how === 'to_end' ? AT_THE_END : clock?.day;
  if (clock === undefined || now === undefined) return nothing;
  const hour = hourOf(clock);
  const needsIt = (text: string): boolean => {
    const low = small(text);
    return saysHour(low, hour) || POINTS_AT_CLOCK.test(low) || (how === 'to_day' && isOfHours(low));
  };
  const rest = instructions.texts.map((text, i) =>
    i === clock.text ? `${text.slice(0, clock.begin)}\n${text.slice(clock.end)}` : text,
  );
  if (rest.some((text) => TIME_OF_DAY.test(small(text)) || needsIt(text))) return nothing;
  if (isSaidIn(othersIn(instructions), needsIt) || lastAsked(request).some(asksForInstructions)) return nothing;
  const spans = [{ from: clock.from, to: clock.to, sent: clock.sent, now }];
  const kept = instructions.with(
    instructions.texts.map((text, i) => (i === clock.text ? replaced(text, spans) : text)),
  );
  const pinned = pinnedOf({ what: 'clock', how }, { text: clock.text, spans });
  if (how === 'to_day') return { request: kept, pinned: [pinned] };
  const end = lineOf(clock);
  return { request: withAtEnd(kept, end), pinned: [{ ...pinned, end }] };
}

/** The request, which is a plain one, with a line more at the end of what is said last. */
function withAtEnd(request: UpstreamRequest, line: string): UpstreamRequest {
  const { messages, prompt } = request;
  const end = (text: unknown): string => (isFilled(text) ? `${String(text)}\n\n${line}` : line);
  if (!Array.isArray(messages)) return { ...request, prompt: end(prompt) };
  const said = messages as readonly Readonly<Record<string, unknown>>[];
  const last = said.at(-1);
  return { ...request, messages: [...said.slice(0, -1), { ...last, content: end(last?.['content']) }] };
}

/** `spans`: those of one text of the instructions, in their order. */
function pinnedOf(
  { what, how }: PinWords,
  { text, spans: found }: { readonly text: number; readonly spans: readonly PinSpan[] },
): PinnedSpans {
  let moved = 0;
  const spans = found.map(({ from, sent, now }) => {
    const at = from + moved;
    moved += now.length - sent.length;
    // A copy: a part of a string keeps all of it in memory.
    return { text, at, sent: Buffer.from(sent).toString(), now };
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
