// Checks several machines (`[[upstreams]]`) through the gateway. It asks them with their own keys and from its own
// place, so the doctor relies on its report.
import type { MachineView } from '../../contract/views/machine-view.ts';
import { placesOf } from '../../contract/rules/upstream-list.ts';
import { OLDEST, isOlder } from './check-ollama.ts';
import { fail, ok, unknown, warn, type Finding } from './finding.ts';
import type { Known } from './look-around.ts';

/** Whether there are several machines, according to the gateway or else the settings. */
export function hasMachines({ gateway: { says }, settings }: Pick<Known, 'gateway' | 'settings'>): boolean {
  if (typeof says !== 'string') return says.health.upstreams !== undefined;
  return typeof settings !== 'string' && settings.config.upstreams.length > 0;
}

export function checkMachines(known: Known): readonly Finding[] {
  if (!hasMachines(known)) return [];
  const { gateway, settings } = known;
  if (typeof gateway.says === 'string') {
    const names = typeof settings === 'string' ? [] : placesOf(settings.config.upstreams).map(({ name }) => name);
    const says = `How ${names.join(', ')} are is only seen by a gateway that runs.`;
    return [unknown('ollama', says, 'Start it (hearth serve), and look again.')];
  }
  const { upstreams = [] } = gateway.says.health;
  const isAnyUp = upstreams.some(({ state }) => state === 'up');
  return upstreams.map((machine) => checkMachine(machine, isAnyUp));
}

function checkMachine({ name, url, state, version, reason, waking_ms }: MachineView, isAnyUp: boolean): Finding {
  if (state === 'waking') {
    const seconds = Math.ceil((waking_ms ?? 0) / 1000);
    return unknown('ollama', `${name} at ${url} is being woken.`, `Look again in ${seconds} s.`);
  }
  if (state === 'unknown') return unknown('ollama', `${name} at ${url} was not looked at yet.`, 'Look again.');
  if (state === 'down') {
    const says = `${name} cannot be used. ${reason ?? `Nothing answers at ${url}.`}`;
    const todo = `See to ${name}, or take it out of upstreams.`;
    // The other machines do its work meanwhile, and it may be asleep.
    return isAnyUp ? warn('ollama', says, todo) : fail('ollama', says, todo);
  }
  if (version !== null && isOlder(version, OLDEST)) {
    const says = `Ollama ${version} on ${name} is old: it has no /v1/responses, and other things that newer apps ask for.`;
    return warn('ollama', says, 'Update it: https://ollama.com/download.');
  }
  return ok('ollama', `Ollama ${version ?? ''} answers on ${name} at ${url}.`.replace('  ', ' '));
}
