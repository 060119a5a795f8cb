// The row that clears the cache, with how much is in it. What is cleared cannot be brought back, so it asks in its place.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import { keptFigures } from '../../backend/contract/views/kept-figures.ts';
import { useCalls } from '../parts/use-calls.ts';
import { useOpener } from '../parts/focus.ts';
import { Ask } from '../parts/parts.tsx';
import { megabytes, thin } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

/** When the tray asks for it, the question is shown at once. */
export function ClearCache({ view, asked }: { readonly view: View; readonly asked: number }): JSX.Element | null {
  const { call } = useCalls();
  const [asking, setAsking] = useState(false);
  const opener = useOpener(asking);
  useEffect(() => setAsking(asked > 0), [asked]);
  const cache = view.live?.stats.response_cache;
  if (cache === undefined) return null;
  const { entries } = keptFigures(cache);
  const { total_size_mb: memory, disk } = cache;
  const sizes = { memory: thin(megabytes(memory)), disk: disk === undefined ? 'none' : thin(megabytes(disk.size_mb)) };
  if (asking && entries > 0) {
    return (
      <Ask
        question={t('settings.clear_question', { n: entries })}
        yes={t('settings.clear_yes')}
        no={t('settings.clear_no')}
        onYes={() => call('act', { action: 'clear', data: {} })}
        onClose={() => setAsking(false)}
      />
    );
  }
  return (
    <div class="row-act">
      <p>{t('settings.kept', { n: entries, ...sizes })}</p>
      <button
        class="btn danger"
        type="button"
        ref={opener}
        aria-disabled={entries === 0}
        onClick={() => entries > 0 && setAsking(true)}
      >
        {t('settings.clear_open')}
      </button>
    </div>
  );
}
