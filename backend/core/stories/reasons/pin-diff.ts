// Shows what was kept stable in a prompt as a diff: what was sent, and what went up, each with some context. Pure.
import type { Pinned, PinnedSpans, PinPiece } from '../../../contract/rules/pin-rule.ts';
import { instructionsOf } from '../../pins/pin-forms.ts';
import type { UpstreamRequest } from '../../ports.ts';
import type { ShowPiece } from '../../prompts/parting.ts';

/**
 * Characters of context on either side, and the largest distance at which all that stands between two spans is shown.
 */
const AROUND = 24;
const NEAR = 160;

/**
 * All that was done, in the order of the prompt; where much stands between two spans, a part of it. `request` is the
 * one that goes up. `safePiece` returns a piece of a text in a form that may be shown, of the same length.
 */
export function pinDiffs(
  request: UpstreamRequest,
  pinned: readonly PinnedSpans[],
  safePiece: ShowPiece,
): readonly Pinned[] {
  const { texts } = instructionsOf(request);
  return pinned.map((done) => {
    const isThere = done.spans.every(({ text }) => texts[text] !== undefined);
    if (done.spans.length === 0 || !isThere) return withoutSpans(done);
    const end = done.end === undefined ? {} : { end: done.end };
    return { ...withoutSpans(done), diff: { ...piecesOf(texts, done.spans, safePiece), ...end } };
  });
}

function piecesOf(
  texts: readonly string[],
  spans: PinnedSpans['spans'],
  safePiece: ShowPiece,
): { readonly sent: PinPiece[]; readonly now: PinPiece[] } {
  const sent: PinPiece[] = [];
  const now: PinPiece[] = [];
  const same = (text: string): void => {
    if (text === '') return;
    sent.push({ text });
    now.push({ text });
  };
  const before = (text: string, at: number): string => {
    const from = Math.max(0, at - AROUND);
    return `${from > 0 ? '…' : ''}${safePiece(text, from, at)}`;
  };
  const after = (text: string, at: number): string => {
    const to = Math.min(text.length, at + AROUND);
    return `${safePiece(text, at, to)}${to < text.length ? '…' : ''}`;
  };
  for (const [i, span] of spans.entries()) {
    const own = texts[span.text] ?? '';
    const last = spans[i - 1];
    const shownTo = last === undefined ? 0 : last.at + last.now.length;
    if (last?.text === span.text && span.at - shownTo <= NEAR) same(safePiece(own, shownTo, span.at));
    else same(`${last === undefined ? '' : `${after(texts[last.text] ?? '', shownTo)} `}${before(own, span.at)}`);
    sent.push({ text: span.sent, differs: true });
    now.push({ text: span.now, differs: true });
    if (i === spans.length - 1) same(after(own, span.at + span.now.length));
  }
  return { sent, now };
}

/**
 * The diff of a request that got the run of another one: the same went up for both, so only what it had sent itself is
 * another. Undefined where that of the run is not known, or tells of other spans.
 */
export function diffBeside({ spans }: PinnedSpans, ofRun: Pinned['diff']): Pinned['diff'] {
  const places = ofRun?.sent.filter(({ differs }) => differs === true).length;
  if (ofRun === undefined || places !== spans.length) return undefined;
  let next = 0;
  const sent = ofRun.sent.map((piece) =>
    piece.differs === true ? { ...piece, text: spans[next++]?.sent ?? '' } : piece,
  );
  return { ...ofRun, sent };
}

/** What was kept stable, without any text. */
export function withoutSpans({ spans: _spans, end: _end, ...told }: PinnedSpans): Pinned {
  return told;
}
