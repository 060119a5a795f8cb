// The row that clears the cache, with how much is in it. What is cleared cannot be brought back, so it asks in its place.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/desktop.ts';
import { keptFigures } from '../../backend/contract/kept-figures.ts';
import { useCalls } from '../parts/use-calls.ts';
import { useOpener } from '../parts/focus.ts';
import { Ask } from '../parts/parts.tsx';
import { megabytes, plural, thin } from '../parts/words.ts';

/** When the tray asks for it, the question is shown at once. */
export function ClearCache({ view, asked }: { readonly view: View; readonly asked: number }): JSX.Element | null {
  const { call } = useCalls();
  const [asking, setAsking] = useState(false);
  const opener = useOpener(asking);
  useEffect(() => setAsking(asked > 0), [asked]);
  const cache = view.live?.stats.response_cache;
  if (cache === undefined) return null;
  const { entries, mb, where } = keptFigures(cache);
  if (asking && entries > 0) {
    return (
      <Ask
        question={`Clear ${plural(entries, 'answer')}? ${entries === 1 ? 'It' : 'They'} cannot be brought back.`}
        yes="Clear"
        no="Keep"
        onYes={() => call('act', { action: 'clear', data: {} })}
        onClose={() => setAsking(false)}
      />
    );
  }
  return (
    <div class="row-act">
      <p>{entries === 0 ? 'No answer is kept' : `${plural(entries, 'answer')}, ${thin(megabytes(mb))} ${where}`}</p>
      <button
        class="btn danger"
        type="button"
        ref={opener}
        aria-disabled={entries === 0}
        onClick={() => entries > 0 && setAsking(true)}
      >
        Clear…
      </button>
    </div>
  );
}
