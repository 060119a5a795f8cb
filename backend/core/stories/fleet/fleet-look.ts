// Checks on the other gateways of the fleet every few seconds: whether one has the same name, and whether a job waits
// for a lost gateway that alone has the history of its conversation.
import type { HeardNode, SharedNodes } from '../../fleet.ts';
import type { Clock, PutNotice, ReadConfig } from '../../ports.ts';
import { isSilent } from './fleet-now.ts';
import { retentionOf } from '../jobs/job-times.ts';
import type { SharedJobStore } from './shared-jobs.ts';
import { iso } from '../standing.ts';

/** How long a job that continues a conversation waits for the gateway that has it. Milliseconds. */
const HOME_MS = 10 * 60_000;
/**
 * A report under our name that comes this long after our start is from another gateway, not from our predecessor.
 * Milliseconds.
 */
const OVERLAP_MS = 10_000;

export interface FleetLookParts {
  readonly store: Pick<SharedJobStore, 'homeless' | 'abandon'>;
  readonly nodes: SharedNodes;
  /** The name of this gateway among the others. */
  readonly node: string;
  readonly clock: Clock;
  readonly config: ReadConfig;
  readonly put: PutNotice;
}

/** The returned function checks once per call. Throws fleet_unreachable. */
export function fleetLook(parts: FleetLookParts): () => Promise<void> {
  const { store, nodes, node, clock, config, put } = parts;
  const began = clock.elapsed();
  const isTwin = ({ report, heardMs }: HeardNode): boolean =>
    report.node === node && clock.elapsed() - heardMs - began > OVERLAP_MS;
  return async () => {
    const others = await nodes.others();
    const up = others.filter((each) => !isSilent(each));
    put('valkey_node', up.some(isTwin) ? twinNotice(node) : undefined);
    // While Valkey is away it is unknown who is up.
    if (!nodes.isUp) return;
    const names = [node, ...up.map(({ report }) => report.node)];
    for (const job of await store.homeless(names, HOME_MS)) {
      const error = goneSentence(job.home);
      const outcome = { finishedAt: iso(clock.now()), error, code: 'fleet_unreachable', record: undefined } as const;
      await store.abandon(job, HOME_MS, outcome, retentionOf(config()));
    }
  };
}

function twinNotice(node: string): Parameters<PutNotice>[1] {
  return {
    text: `Another gateway of this fleet is called ${node} too: they cannot be told apart, and a job may wait for the wrong one.`,
    todo: 'Give each a name of its own (cluster.node), and start it again.',
  };
}

function goneSentence(home: string): string {
  return `The gateway ${home}, which has what was said before in this conversation, was not seen for ${HOME_MS / 60_000} minutes. Sent again with another requestId, it begins anew on the gateway that takes it.`;
}
