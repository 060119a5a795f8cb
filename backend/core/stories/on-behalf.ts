// For whom a run is, as an upstream is told that is a Hearth itself (core/ports.ts, Asker).
import type { Urgency } from '../../contract/chat/chat-request.ts';
import type { Asker } from '../../contract/behind.ts';
import type { ChatCall } from '../requests/call.ts';
import type { CacheOutcome } from '../requests/ticket.ts';

/** `urgency`: of the most urgent who wait for it. */
export function onBehalf(
  { call: { id, caller, wishes }, outcome }: { readonly call: ChatCall; readonly outcome: Pick<CacheOutcome, 'plan'> },
  { class: of, priority }: Urgency,
): Asker {
  // What nobody may keep here is not for another gateway to keep; nor may it answer again what is asked anew.
  const store = wishes.find((wish) => wish.store !== undefined)?.store;
  const cache = store === false ? 'no-store' : outcome.plan.bypass === 'refresh' ? 'no-cache' : undefined;
  return { id, caller, class: of, priority, ...(cache === undefined ? {} : { cache }) };
}
