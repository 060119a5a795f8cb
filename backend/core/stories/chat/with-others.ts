// What the gateways of a fleet do for a question together: an answer that another one has kept, and a run that several ask for at
// the same time. Where a gateway is alone, none of it waits for anything.
import type { ResponseCache } from '../../cache/cache.ts';
import type { Boarding, SharedFlights } from '../../fleet.ts';
import type { Flights, JoinOptions, Lead, Seat } from '../../flight.ts';
import type { ToKeep } from '../../requests/call.ts';
import { keptFor } from './question.ts';

type Findable = Parameters<typeof keptFor>[1];
type Found = ReturnType<typeof keptFor>;

/** By what a request finds the flight of others. */
interface Sharing extends Findable {
  /** Another gateway hands it on; see ChatCall. */
  readonly isHandedOn?: boolean | undefined;
}

/**
 * The flight in which a request may meet others: those that may ask anew share a run only with those of the same mark. In a fleet
 * what another gateway hands on shares runs with its like alone: that gateway may be the one that the others here wait for.
 */
export function sharedFlight({ plan, key, mark, isHandedOn = false }: Sharing, inFleet: boolean): string | undefined {
  if (!plan.share || key === undefined) return undefined;
  const flight = mark === undefined ? key : `${key} ${mark}`;
  return isHandedOn && inFleet ? `${flight} ${HANDED_ON}` : flight;
}

const HANDED_ON = 'handed on';

/** The kept answer that a request gets, of this gateway or another, and the plan by which it goes on without one. */
export function keptAnywhere(
  { cache, flights }: { readonly cache: ResponseCache; readonly flights: Pick<Flights, 'has'> },
  asked: Sharing,
): Found | Promise<Found> {
  const found = keptFor((...what) => cache.get(...what), asked);
  const { key } = asked;
  if (!cache.isShared || found.hit !== undefined || !found.plan.read || key === undefined) return found;
  // Whoever began that has looked.
  const flight = sharedFlight(asked, true);
  if (flight !== undefined && flights.has(flight)) return found;
  return cache.fetch([key], found.plan.maxAge).then((others) => keptFor((wanted) => others.get(wanted), asked));
}

/** Finds a place for a flight in the fleet; undefined where it is this gateway's own, is handed on, or is under way here. */
export function boarded(
  { fleet, flights }: { readonly fleet?: SharedFlights | undefined; readonly flights: Pick<Flights, 'has'> },
  flight: string | undefined,
  { plan, key, isHandedOn }: Pick<ToKeep, 'plan' | 'key'> & Pick<Sharing, 'isHandedOn'>,
): Promise<Boarding | undefined> | undefined {
  if (fleet === undefined || isHandedOn === true || flight === undefined || flights.has(flight)) return undefined;
  // Who asks for a newer answer, or anew, does not take one that came a moment ago.
  return fleet.board(flight, plan.maxAge === undefined && flight === key ? key : undefined);
}

/** What is asked of a flight. */
interface SeatWish<N> {
  readonly key: string;
  readonly passenger: JoinOptions<N>;
  readonly boarding: Boarding | undefined;
}

/** A seat in a flight, and whether its answer comes from a run that somebody else began. Throws what `lead` throws at once. */
export function seated<N>(
  flights: Flights<N>,
  { key, passenger, boarding }: SeatWish<N>,
  lead: Lead,
): { readonly seat: Seat<N>; readonly isShared: boolean } {
  if (boarding === undefined) {
    const seat = flights.join(key, passenger, lead);
    return { seat, isShared: !seat.led };
  }
  let isUsed = false;
  try {
    const seat = flights.join(key, passenger, (context) => {
      isUsed = true;
      return boarding.fly(context, lead);
    });
    return { seat, isShared: !seat.led || !boarding.leads };
  } finally {
    if (!isUsed) boarding.leave();
  }
}
