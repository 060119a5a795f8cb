// What a restart of the gateway costs, as a sentence: just now, to stand beside the button that does it, and in general, to
// stand at a setting that needs one. Pure.
import type { SettingsView, View } from '../../backend/contract/window/desktop.ts';
import { t } from '../../words/texts.ts';
import { duration } from './words.ts';

/** Undefined while no gateway runs, so that there is nothing to restart. */
export function restartCost({ live, gateway, settings }: View): string | undefined {
  if (live === null || gateway.state !== 'running') return undefined;
  const { running, length: waiting } = live.health.queue;
  const sentences = [
    ...(running === 0 ? [] : [graceWords(running, drainOf(settings))]),
    ...(waiting === 0 ? [] : [t('frame.cost_waiting', { n: waiting })]),
  ];
  return sentences.length === 0 ? t('frame.cost_nothing') : sentences.join(' ');
}

/** What it takes from those who ask just then. */
export function restartRule(settings: SettingsView): string {
  const drainMs = drainOf(settings);
  if (drainMs <= 0) return t('frame.cost_rule_none');
  return t('frame.cost_rule', { time: duration(drainMs) });
}

function graceWords(running: number, drainMs: number): string {
  if (drainMs <= 0) return t('frame.cost_running_none', { n: running });
  return t('frame.cost_running', { n: running, time: duration(drainMs) });
}

/** How long running answers may go on, in milliseconds. */
function drainOf({ values }: SettingsView): number {
  const drain = values['server.drain_timeout_ms'];
  return typeof drain === 'number' ? drain : 0;
}
