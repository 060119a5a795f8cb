// An address as a QR code, for the camera of a phone.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { encode } from 'uqr';
import { t } from '../../words/texts.ts';

/** Modules around it that stay light, beside the space that the style gives it. */
const QUIET = 2;

/** It holds this text alone. A camera wants dark on light, so it looks the same in both themes. */
export function QrCode({ text }: { readonly text: string }): JSX.Element {
  const { size, path } = useMemo(() => drawn(text), [text]);
  const side = size + 2 * QUIET;
  return (
    <svg
      class="qr"
      role="img"
      aria-label={t('connect.qr', { address: text })}
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      shape-rendering="crispEdges"
    >
      <path d={path} />
    </svg>
  );
}

/** A stroke for each run of dark modules in a row. */
function drawn(text: string): { readonly size: number; readonly path: string } {
  const { size, data } = encode(text, { ecc: 'M', border: 0 });
  let path = '';
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x++) {
      if (row[x] !== true) continue;
      const start = x;
      while (row[x + 1] === true) x++;
      path += `M${start} ${y}h${x - start + 1}v1h${start - x - 1}z`;
    }
  }
  return { size, path };
}
