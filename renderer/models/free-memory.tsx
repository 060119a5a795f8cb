// "Free VRAM": one press unloads what nobody needs, and says what came of it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ActionResult } from '../../backend/contract/views/control.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { bytes } from '../parts/words.ts';

export interface Freeing {
  readonly free: () => void;
  readonly busy: boolean;
  /** What the last press did; undefined before. */
  readonly told: string | undefined;
}

export function useFreeing(): Freeing {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const [told, setTold] = useState<string>();
  const free = (): void =>
    run(async () => {
      setTold(undefined);
      setTold(freedWords(await call('act', { action: 'unload_idle', data: {} })));
    });
  return { free, busy, told };
}

/** `onGpu`: some of what is loaded is on it. */
export function FreeButton({ freeing, onGpu }: { readonly freeing: Freeing; readonly onGpu: boolean }): JSX.Element {
  return (
    <button class="btn" type="button" aria-disabled={freeing.busy} onClick={freeing.free}>
      {t(onGpu ? 'models.free_vram' : 'models.free_memory')}
    </button>
  );
}

/** "2.9 GB are free. qwen3:8b stays: it is in use." */
function freedWords({ unloaded = [], in_use: inUse = [], refused = [], freed_bytes: freed = 0 }: ActionResult): string {
  return [
    unloaded.length === 0 ? t('models.freed_nothing') : t('models.freed', { size: bytes(freed) }),
    ...(inUse.length === 0 ? [] : [t('models.in_use', { models: listed(inUse), n: inUse.length })]),
    ...(refused.length === 0 ? [] : [t('models.refused', { models: listed(refused) })]),
  ].join(' ');
}
