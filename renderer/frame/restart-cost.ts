// What a restart of the gateway costs just now, as a sentence to stand beside the button that does it. Pure.
import type { View } from '../../backend/contract/desktop.ts';
import { t } from '../../words/texts.ts';
import { duration } from '../parts/words.ts';

/** Undefined when nothing would be lost. */
export function restartCost({ live, gateway, settings }: View): string | undefined {
  if (live === null || gateway.state !== 'running') return undefined;
  const { running, length: waiting } = live.health.queue;
  const drain = settings.values['server.drain_timeout_ms'];
  const sentences = [
    ...(running === 0 ? [] : [graceWords(running, typeof drain === 'number' ? drain : 0)]),
    ...(waiting === 0 ? [] : [t('frame.cost_waiting', { n: waiting })]),
  ];
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

function graceWords(running: number, drainMs: number): string {
  if (drainMs <= 0) return t('frame.cost_running_none', { n: running });
  return t('frame.cost_running', { n: running, time: duration(drainMs) });
}
