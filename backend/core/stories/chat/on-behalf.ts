// For whom a run is, as reported to an upstream that is a Hearth itself (core/ports.ts, Asker).
import type { Urgency } from '../../../contract/chat/chat-request.ts';
import { NEITHER, type Asker } from '../../../contract/behind.ts';
import { LOCAL } from '../../ownership.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { CacheOutcome } from '../../requests/ticket.ts';

/** `urgency`: that of the most urgent waiter. */
export function onBehalf(
  { call, outcome }: { readonly call: ChatCall; readonly outcome: Pick<CacheOutcome, 'plan'> },
  { class: of, priority }: Urgency,
): Asker {
  const { id, caller, owner, wishes, mark } = call;
  // What nobody may keep here must not be kept by another gateway. Nor may that gateway answer from its cache what is
  // asked anew, or what depends on an age that only this gateway knows.
  const store = wishes.find((wish) => wish.store !== undefined)?.store;
  const { bypass, maxAge } = outcome.plan;
  const isAnew = bypass === 'refresh' || maxAge !== undefined || mark !== undefined;
  const cache = store === false ? 'no-store' : isAnew ? 'no-cache' : undefined;
  return { id, caller, class: of, priority, ...(cache === undefined ? {} : { cache }), ...apart([owner]) };
}

/**
 * Another gateway sees all our owners as one, the key that this gateway shows. So it must not answer one key or page
 * with what another one asked.
 */
export function apart(owners: readonly string[]): Pick<Asker, 'cache'> {
  return owners.every((owner) => owner === LOCAL) ? {} : { cache: NEITHER };
}
