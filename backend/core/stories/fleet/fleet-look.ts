// What a gateway looks at each few seconds of the others of its fleet: whether one has its name, and whether a job waits for one
// that is gone and alone has what was said before in its conversation.
import type { HeardNode, SharedNodes } from '../../fleet.ts';
import type { Clock, PutNotice, ReadConfig } from '../../ports.ts';
import { isSilent } from './fleet-now.ts';
import { retentionOf } from '../jobs/job-times.ts';
import type { SharedJobStore } from './shared-jobs.ts';
import { iso } from '../standing.ts';

/** How long a job that goes on with a conversation waits for the gateway that has it. Milliseconds. */
const HOME_MS = 10 * 60_000;
/** One that tells of itself so long after this one began is another one, and not what ran before it. Milliseconds. */
const OVERLAP_MS = 10_000;

export interface FleetLookParts {
  readonly store: Pick<SharedJobStore, 'homeless' | 'abandon'>;
  readonly nodes: SharedNodes;
  /** By which the others know this gateway. */
  readonly node: string;
  readonly clock: Clock;
  readonly config: ReadConfig;
  readonly put: PutNotice;
}

/** Looks once when it is called. Throws fleet_unreachable. */
export function fleetLook(parts: FleetLookParts): () => Promise<void> {
  const { store, nodes, node, clock, config, put } = parts;
  const began = clock.elapsed();
  const isTwin = ({ report, heardMs }: HeardNode): boolean =>
    report.node === node && clock.elapsed() - heardMs - began > OVERLAP_MS;
  return async () => {
    const others = await nodes.others();
    const up = others.filter((each) => !isSilent(each));
    put('valkey_node', up.some(isTwin) ? twinNotice(node) : undefined);
    // While Valkey is away it is not known who is up.
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
