// For whom a run is, as an upstream is told that is a Hearth itself (core/ports.ts, Asker).
import type { Urgency } from '../../../contract/chat/chat-request.ts';
import { NEITHER, type Asker } from '../../../contract/behind.ts';
import { LOCAL } from '../../ownership.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { CacheOutcome } from '../../requests/ticket.ts';

/** `urgency`: of the most urgent who wait for it. */
export function onBehalf(
  { call, outcome }: { readonly call: ChatCall; readonly outcome: Pick<CacheOutcome, 'plan'> },
  { class: of, priority }: Urgency,
): Asker {
  const { id, caller, owner, wishes, mark } = call;
  // What nobody may keep here is not for another gateway to keep; nor may it answer again what is asked anew, or an age that
  // this one alone knows.
  const store = wishes.find((wish) => wish.store !== undefined)?.store;
  const { bypass, maxAge } = outcome.plan;
  const isAnew = bypass === 'refresh' || maxAge !== undefined || mark !== undefined;
  const cache = store === false ? 'no-store' : isAnew ? 'no-cache' : undefined;
  return { id, caller, class: of, priority, ...(cache === undefined ? {} : { cache }), ...apart([owner]) };
}

/**
 * To another gateway all our owners are one, the key that this gateway shows. What is a key's, or a page's, must not be
 * answered there out of what another of them asked.
 */
export function apart(owners: readonly string[]): Pick<Asker, 'cache'> {
  return owners.every((owner) => owner === LOCAL) ? {} : { cache: NEITHER };
}
