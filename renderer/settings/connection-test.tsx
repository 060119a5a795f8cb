// The button that asks whether an Ollama answers at an address, before the address is used.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useCalls } from '../parts/use-calls.ts';
import { sentenceOf } from '../state/client.ts';
import type { Hint } from './form.ts';
import { duration } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

interface TestProps {
  /** What stands in the field, saved or not. */
  readonly text: string;
  readonly saved: boolean;
  readonly show: (hint: Hint | undefined) => void;
}

/** Asks the Ollama at the address, and says what it has. It saves nothing: the address may be wrong. */
export function TestConnection({ text, saved, show }: TestProps): JSX.Element {
  const { call } = useCalls();
  const [busy, setBusy] = useState(false);
  const test = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    show(undefined);
    try {
      const { version, latency_ms, models } = await call('test_connection', { url: text });
      show({
        kind: 'found',
        text: t('settings.reached', {
          time: duration(latency_ms),
          version: version ?? 'none',
          models: modelWords(models),
        }),
        ...(saved ? {} : { use: { text } }),
      });
    } catch (error) {
      show({ kind: 'wrong', text: sentenceOf(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <button class="btn" type="button" aria-disabled={busy} onClick={() => void test()}>
      {t('settings.test')}
    </button>
  );
}

function modelWords(models: readonly string[] | null): string {
  if (models === null) return t('settings.models_unknown');
  if (models.length === 0) return t('settings.models_none');
  const names = `${models.slice(0, 12).join(', ')}${models.length > 12 ? ', …' : ''}`;
  return t('settings.models_listed', { n: models.length, names });
}
