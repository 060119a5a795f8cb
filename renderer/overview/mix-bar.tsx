// A bar of a whole in pieces: how requests were answered, what of the prompts was reused. A piece without heat is hollow.
import type { JSX } from 'preact';
import { mixPieces, type MixPiece } from '../plots/plot-columns.ts';

interface MixProps {
  readonly counts: Readonly<Record<MixPiece['name'], number>>;
  readonly label: string;
}

export function Mix({ counts, label }: MixProps): JSX.Element {
  return (
    <svg class="mix" role="img" aria-label={label}>
      {mixPieces(counts).map((piece) => (
        <Piece key={piece.name} {...piece} />
      ))}
    </svg>
  );
}

/** A filled piece is as high as an outlined one with its outline, which lies half outside. */
function Piece({ name, x, width }: MixPiece): JSX.Element {
  const place = { x: `${x}%`, width: `${width}%` };
  if (name === 'hit' || name === 'bypass') {
    return <rect class={name === 'hit' ? 'f-hit' : 'f-pale'} {...place} y="0.5" height="7" />;
  }
  if (name === 'miss') return <rect class="f-ember" {...place} height="8" />;
  return <rect fill="url(#hatch)" {...place} height="8" />;
}
