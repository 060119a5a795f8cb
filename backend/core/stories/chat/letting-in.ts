// Admits a request that will need a run: the breaker must be closed and Ollama reachable, or its machine must be waking
// up. An admitted request also waits while Ollama is away.
import type { Ticket } from '../../requests/ticket.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import type { Machine } from '../machines/machine.ts';
import type { Wanted } from '../machines/machine-choice.ts';
import { letIn } from './question.ts';
import { modeOf } from './recorder.ts';

type LettingInParts = Pick<GatewayParts, 'machines' | 'config'>;

/** What machine is wanted, and which ones were tried. */
export interface Search {
  readonly wanted: Wanted;
  readonly tried: Set<Machine>;
}

/** Admits a request once, whatever machine it will go to. Throws what letIn throws. */
export async function admit({ machines, config }: LettingInParts, ticket: Ticket): Promise<void> {
  if (ticket.admitted || modeOf(ticket, config()) === 'replay') return;
  await letIn(machines.watch, ticket.signal);
  ticket.admitted = true;
}

/**
 * The machine that admits the request: this one, or one that was not tried yet if this one does not answer. A machine
 * that sleeps is woken, and the request waits in its queue. Throws what letIn throws.
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
