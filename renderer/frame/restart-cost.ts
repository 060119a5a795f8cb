// What a restart of the gateway costs just now, as a sentence to stand beside the button that does it. Pure.
import type { View } from '../../backend/contract/desktop.ts';
import { withUnit } from '../../backend/contract/units.ts';
import { count, thin } from '../parts/words.ts';

/** Undefined when nothing would be lost. */
export function restartCost({ live, gateway, settings }: View): string | undefined {
  if (live === null || gateway.state !== 'running') return undefined;
  const { running, length: waiting } = live.health.queue;
  const drain = settings.values['server.drain_timeout_ms'];
  const grace = typeof drain === 'number' && drain > 0 ? `${thin(withUnit(drain, 'ms'))} to end` : 'no time to end';
  const sentences = [
    ...(running === 0 ? [] : [running === 1 ? `A running answer gets ${grace}.` : `${count(running)} running answers get ${grace}.`]), // prettier-ignore
    ...(waiting === 0 ? [] : [waiting === 1 ? 'One that waits is refused.' : `${count(waiting)} that wait are refused.`]), // prettier-ignore
  ];
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
