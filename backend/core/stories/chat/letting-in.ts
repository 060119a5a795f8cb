// Letting a request in that will need a run: its breaker says so, and somebody must be there; or its machine sleeps and is
// being woken. Once let in, it waits also while Ollama is away.
import type { Ticket } from '../../requests/ticket.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import type { Machine } from '../machines/machine.ts';
import type { Wanted } from '../machines/machine-choice.ts';
import { letIn } from './question.ts';
import { modeOf } from './recorder.ts';

type LettingInParts = Pick<GatewayParts, 'machines' | 'config'>;

/** What is looked for, and where it was in vain. */
export interface Search {
  readonly wanted: Wanted;
  readonly tried: Set<Machine>;
}

/** Lets it in once, whatever machine it will go to. Throws what letIn throws. */
export async function admit({ machines, config }: LettingInParts, ticket: Ticket): Promise<void> {
  if (ticket.admitted || modeOf(ticket, config()) === 'replay') return;
  await letIn(machines.watch, ticket.signal);
  ticket.admitted = true;
}

/**
 * The machine that it is let in to: this one, or where that does not answer another one that was not tried. One that sleeps is
 * woken, and waited for in its line. Throws what letIn throws.
 */
export async function letInTo(
  parts: LettingInParts,
  machine: Machine,
  ticket: Ticket,
  { wanted, tried }: Search,
): Promise<Machine> {
  const { machines } = parts;
  const isWoken = machine.waker !== undefined && modeOf(ticket, parts.config()) !== 'replay';
  if (machines.only !== undefined && !isWoken) {
    await admit(parts, ticket);
    return machine;
  }
  machines.wake(machine);
  if (ticket.admitted || machine.waker?.isWaking === true) return machine;
  try {
    await letIn(machine.watch, ticket.signal);
    ticket.admitted = true;
    return machine;
  } catch (error) {
    const next = ticket.signal.aborted ? undefined : machines.choose(wanted, tried.add(machine));
    if (next === undefined) throw error;
    return next;
  }
}
