// Shows what was kept stable in a prompt as a diff: what was sent, and what went up, each with some context. Pure.
import type { Pinned, PinnedSpans, PinPiece } from '../../../contract/rules/pin-rule.ts';
import { instructionsOf } from '../../pins/pin-forms.ts';
import type { UpstreamRequest } from '../../ports.ts';

/** Characters of context on either side, and the distance from the first span within which others are shown with it. */
const AROUND = 24;
const NEAR = 160;

/**
 * `request` is the one that goes up. `safePiece` returns a piece of a text in a form that may be shown, of the same
 * length.
 */
export function pinDiffs(
  request: UpstreamRequest,
  pinned: readonly PinnedSpans[],
  safePiece: (text: string, from: number, to: number) => string,
): readonly Pinned[] {
  const { texts } = instructionsOf(request);
  return pinned.map((done) => {
    const [first] = done.spans;
    const text = texts[first?.text ?? -1];
    if (first === undefined || text === undefined) return withoutSpans(done);
    const near = done.spans.filter(({ text: other, at }) => other === first.text && at - first.at <= NEAR);
    const sent: PinPiece[] = [];
    const now: PinPiece[] = [];
    let shownTo = Math.max(0, first.at - AROUND);
    const same = (to: number, begin = '', end = ''): void => {
      const piece = { text: `${begin}${safePiece(text, shownTo, to)}${end}` };
      sent.push(piece);
      now.push(piece);
    };
    for (const span of near) {
      same(span.at, span === first && shownTo > 0 ? '…' : '');
      sent.push({ text: span.sent, differs: true });
      now.push({ text: span.now, differs: true });
      shownTo = span.at + span.now.length;
    }
    const end = Math.min(text.length, shownTo + AROUND);
    same(end, '', end < text.length ? '…' : '');
    return { ...withoutSpans(done), diff: { sent, now, ...(done.end === undefined ? {} : { end: done.end }) } };
  });
}

/** What was kept stable, without any text. */
export function withoutSpans({ spans: _spans, end: _end, ...told }: PinnedSpans): Pinned {
  return told;
}
