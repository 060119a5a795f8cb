// Where the prompts of each app differ, and what that costs. Computed on demand from the requests that ended last.
import { shownCaller } from '../../../contract/apps.ts';
import type { PartingPlace, Partings, PinOffer, PromptReading } from '../../../contract/views/parting-places.ts';
import type { PinName } from '../../../contract/rules/pin-rule.ts';
import type { RequestDetail } from '../../../contract/views/request-detail.ts';
import { isCut, placeOf, READ_ANYWAY, splitOf } from '../ended-figures.ts';
import type { LoggedRequest } from '../../requests/request-log.ts';
import { iso } from '../standing.ts';

/** How many places are reported, and how many requests for each. */
const MOST_PLACES = 5;
const MOST_LAST = 3;
/** The fewest tokens a turn that an offer is worth. */
export const LEAST_SAVED = 256;
/** How often it must have helped before it is offered. */
export const OFTEN = 3;

interface Compared {
  readonly request: LoggedRequest;
  readonly parted: NonNullable<RequestDetail['parted']>;
  readonly rate: number | null;
  /** Tokens that were the same, but were read again because they stood behind a change. */
  readonly again: number;
  /** Tokens that would not have been read, had what could be kept the same been so. */
  readonly saved: number;
}

/**
 * `requests` have their details, in any order; those without a comparison are ignored. `isOpen` says whether it is
 * still undecided what to do about something in the prompts of an app.
 */
export function partingsOf(
  requests: readonly LoggedRequest[],
  isOpen: (caller: string, what: PinName) => boolean,
): Partings {
  const compared = requests.flatMap(comparedOf).toSorted((a, b) => a.request.createdAt - b.request.createdAt);
  const [first] = compared;
  const places = grouped(compared, appOf).flatMap((ofApp) => {
    const costly = ofApp.filter(({ again }) => again >= READ_ANYWAY);
    return grouped(costly, whereOf).flatMap((there) => placeTold(there, ofApp.length));
  });
  return {
    compared: compared.length,
    since: first === undefined ? null : iso(first.request.createdAt),
    places: places.toSorted((a, b) => b.again_tokens * b.times - a.again_tokens * a.times).slice(0, MOST_PLACES),
    offers: offersOf(compared, isOpen),
  };
}

function comparedOf(request: LoggedRequest): Compared[] {
  const { parted, rates, tokens, context } = request.detail ?? {};
  if (parted === undefined) return [];
  const { reused_tokens: reused, pinnable } = parted;
  const read = reused === null ? 0 : Math.max(0, (tokens?.prompt ?? Infinity) - reused);
  return [
    {
      request,
      parted,
      rate: rates?.prompt ?? null,
      again: isCut({ context }) ? 0 : (splitOf(parted)?.changed ?? 0),
      saved: Math.min(pinnable?.tokens ?? 0, read),
    },
  ];
}

const appOf = ({ request: { caller, model } }: Compared): string => JSON.stringify([caller, model]);
const whereOf = ({ parted: { where, what } }: Compared): string => placeOf(where, what);

function grouped(all: readonly Compared[], nameOf: (each: Compared) => string): readonly (readonly Compared[])[] {
  const groups = new Map<string, Compared[]>();
  for (const each of all) groups.set(nameOf(each), [...(groups.get(nameOf(each)) ?? []), each]);
  return [...groups.values()];
}

/** `there` has at least one entry, the newest last. */
function placeTold(there: readonly Compared[], of: number): PartingPlace[] {
  const newest = there.at(-1);
  if (newest === undefined) return [];
  const { request, parted } = newest;
  const { where, what, same_chars, chars, block } = parted;
  const timed = there.flatMap(({ again, rate }) => (rate === null || rate <= 0 ? [] : [(again / rate) * 1000]));
  return [
    {
      caller: request.caller,
      model: request.model,
      where,
      ...(what === undefined ? {} : { what }),
      same_chars,
      chars,
      block,
      times: there.length,
      of,
      again_tokens: Math.round(mean(there.map(({ again }) => again))),
      again_ms: timed.length === 0 ? null : Math.round(mean(timed)),
      last: lastOf(there),
    },
  ];
}

/**
 * What could be kept stable, by app, model and kind. Requests in which it would have saved next to nothing do not
 * count.
 */
function offersOf(compared: readonly Compared[], isOpen: (caller: string, what: PinName) => boolean): PinOffer[] {
  const helped = compared.filter(({ request, parted: { pinnable }, saved }) => {
    const all = pinnable === undefined ? [] : [pinnable, ...(pinnable.also ?? [])];
    return saved >= LEAST_SAVED && all.every(({ what }) => isOpen(request.caller, what));
  });
  return grouped(helped, ({ request: { caller, model }, parted: { pinnable } }) =>
    JSON.stringify([shownCaller(caller), model, pinnable?.what, pinnable?.also]),
  )
    .flatMap(offerTold)
    .toSorted((a, b) => b.tokens * b.times - a.tokens * a.times);
}

/** Never counts more tokens than were in fact read. */
function offerTold(all: readonly Compared[]): PinOffer[] {
  const newest = all.at(-1);
  if (newest?.parted.pinnable === undefined || all.length < OFTEN) return [];
  const { request, parted } = newest;
  const { what, how, also } = newest.parted.pinnable;
  const timed = all.flatMap(({ saved, rate }) => (rate === null || rate <= 0 ? [] : [(saved / rate) * 1000]));
  return [
    {
      caller: request.caller,
      model: request.model,
      what,
      how,
      ...(also === undefined ? {} : { also }),
      times: all.length,
      chars: parted.now?.differs.length ?? null,
      same_chars: parted.same_chars,
      tokens: Math.round(mean(all.map(({ saved }) => saved))),
      ms: timed.length === 0 ? null : Math.round(mean(timed)),
      turn: turnOf(newest),
      ...(parted.pinnable?.diff === undefined ? {} : { diff: parted.pinnable.diff }),
      last: lastOf(all),
    },
  ];
}

/** Reading times with and without pinning, at the pace of this request. */
function turnOf({ request: { detail }, parted: { reused_tokens: reused }, rate, saved }: Compared): PinOffer['turn'] {
  const prompt = detail?.tokens.prompt ?? null;
  if (prompt === null || reused === null) return null;
  const reading = (reused_tokens: number): PromptReading => {
    const read_tokens = Math.max(0, prompt - reused_tokens);
    const ms = rate === null || rate <= 0 ? null : Math.round((read_tokens / rate) * 1000);
    return { read_tokens, reused_tokens, ms };
  };
  return { sent: reading(reused), kept: reading(reused + saved) };
}

function lastOf(all: readonly Compared[]): PartingPlace['last'] {
  return all.slice(-MOST_LAST).map(({ request: { id, createdAt }, parted: { now } }) => ({
    request_id: id,
    created_at: iso(createdAt),
    ...(now === undefined ? {} : { now }),
  }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
