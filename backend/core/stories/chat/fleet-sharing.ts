// What the gateways of a fleet share: kept answers, and runs that several of them ask for at the same time. A gateway
// that is alone waits for none of this.
import type { ResponseCache } from '../../cache/cache.ts';
import type { Boarding, SharedFlights } from '../../fleet.ts';
import type { Flights, JoinOptions, Lead, Seat } from '../../flight.ts';
import type { ToKeep } from '../../requests/call.ts';
import { keptFor } from './question.ts';

type Findable = Parameters<typeof keptFor>[1];
type Found = ReturnType<typeof keptFor>;

/** What the flight of a request is found by. */
interface Sharing extends Findable {
  /** Another gateway hands it on; see ChatCall. */
  readonly isHandedOn?: boolean | undefined;
}

/**
 * The key of the flight that a request may share. Requests with different marks (cache.fresh_when) do not share a run.
 * In a fleet, a request that another gateway handed on shares only with others like it: the run that it would join here
 * might be waiting for that gateway.
 */
export function sharedFlight({ plan, key, mark, isHandedOn = false }: Sharing, inFleet: boolean): string | undefined {
  if (!plan.share || key === undefined) return undefined;
  const flight = mark === undefined ? key : `${key} ${mark}`;
  return isHandedOn && inFleet ? `${flight} ${HANDED_ON}` : flight;
}

const HANDED_ON = 'handed on';

/** The kept answer for a request, from this gateway or another, and the plan to go on with if there is none. */
export function keptAnywhere(
  { cache, flights }: { readonly cache: ResponseCache; readonly flights: Pick<Flights, 'has'> },
  asked: Sharing,
): Found | Promise<Found> {
  const found = keptFor((...what) => cache.get(...what), asked);
  const { key } = asked;
  if (!cache.isShared || found.hit !== undefined || !found.plan.read || key === undefined) return found;
  // The request that began this flight has looked already.
  const flight = sharedFlight(asked, true);
  if (flight !== undefined && flights.has(flight)) return found;
  return cache.fetch([key], found.plan.maxAge).then((others) => keptFor((wanted) => others.get(wanted), asked));
}

/**
 * Finds a place for a flight in the fleet. Undefined when the flight is private, handed on, or already under way here.
 */
export function boarded(
  { fleet, flights }: { readonly fleet?: SharedFlights | undefined; readonly flights: Pick<Flights, 'has'> },
  flight: string | undefined,
  { plan, key, isHandedOn }: Pick<ToKeep, 'plan' | 'key'> & Pick<Sharing, 'isHandedOn'>,
): Promise<Boarding | undefined> | undefined {
  if (fleet === undefined || isHandedOn === true || flight === undefined || flights.has(flight)) return undefined;
  // A request for a newer or a new answer must not take one that came a moment ago.
  return fleet.board(flight, plan.maxAge === undefined && flight === key ? key : undefined);
}

/** What a request wants of a flight. */
interface SeatWish<N> {
  readonly key: string;
  readonly passenger: JoinOptions<N>;
  readonly boarding: Boarding | undefined;
}

/** A seat in a flight, and whether somebody else began its run. Throws what `lead` throws at once. */
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
