// Opens the gateway's entrances: the port, the front door, and the inner door for Hearth's own requests. Created by
// backend.ts alone.
import type { OriginApprovals } from './core/access/origin-approvals.ts';
import type { Clock } from './core/ports.ts';
import { createApp, type AppParts } from './http/app.ts';
import { createGuard } from './http/door/guard.ts';
import { createKeyCheck } from './http/door/keys.ts';
import type { InnerDoor } from './http/inner-door.ts';
import { listen, type Listening } from './http/wire/listen.ts';
import { lanAddresses } from './own-addresses.ts';

export interface FrontParts extends Omit<AppParts, 'guard'> {
  readonly clock: Clock;
  readonly innerDoor: InnerDoor;
  readonly originApprovals: OriginApprovals;
  /** What this gateway writes into Via. */
  readonly via: string;
}

/** Listens on these hosts, at the port of the settings. Rejects as `listen` does. */
export async function openFront(parts: FrontParts, hosts: readonly string[]): Promise<Listening> {
  const { config, clock, innerDoor, originApprovals, via, log, underWay } = parts;
  let { port } = config().server;
  const keys = createKeyCheck(config, clock.elapsed);
  const guard = createGuard({ config, port: () => port, lanAddresses, originApprovals, keys, via });
  innerDoor.answeredBy(createApp({ ...parts, guard: innerDoor.guard, counts: undefined }));
  const stalledMs = (): number => config().server.stalled_reader_s * 1000;
  const listening = await listen(createApp({ ...parts, guard }), { hosts, port, log, underWay, stalledMs });
  port = listening.port;
  const close: Listening['close'] = (until) => listening.close(until).finally(() => innerDoor.close());
  return { ...listening, close };
}
