// Row "followers": 200 callers who ask what is just being answered: one run of the model, and how far behind the first
// caller the slowest of them ends. Reads their streams side by side in one process, whose own work is in the figure.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheCounts, seesUpstream } from './ask.ts';
import { Connection } from './connection.ts';
import { startGateway, startUpstream, type Program } from './programs.ts';
import type { Row } from './report.ts';
import { conversation, post } from './bench-requests.ts';
import { median, spread } from './stats.ts';

const FOLLOWERS = 200;
const ROUNDS = 5;
const PIECES = 60;
const PIECE_MS = 25;
const BUDGET_MS = 100;
/** The leader must have its flight before the others come. */
const HEAD_START_MS = 50;

export const followers: Row = {
  name: 'followers',
  title: '200 followers on one flight',
  limitMs: 90_000,
  async run() {
    const upstream = startUpstream({ pieces: PIECES, 'piece-chars': 6, 'piece-ms': PIECE_MS, 'first-ms': 200 });
    const gateway = startGateway(await upstream.port());
    const port = await gateway.port();
    const connections = await Promise.all(Array.from({ length: FOLLOWERS + 1 }, () => Connection.open(port)));
    await seesUpstream(port);
    await round('warm-up', port, connections, upstream);
    const before = await cacheCounts(port);
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(`round ${i}`, port, connections, upstream));
    const after = await cacheCounts(port);
    for (const connection of connections) connection.close();
    const coalesced = (after.coalesced - before.coalesced) / ROUNDS;
    const lags = rounds.map(({ lagMs }) => lagMs);
    const worst = Math.max(...lags);
    const runs = rounds.map((each) => each.runs);
    return {
      findings: [
        {
          what: '200 followers on one flight: upstream calls',
          measured: [...new Set(runs)].join(', '),
          budget: '1',
          kept: runs.every((each) => each === 1) && coalesced === FOLLOWERS,
        },
        {
          what: "200 followers: slowest one's last byte after the leader's",
          measured: `${median(lags).toFixed(1)} ms (worst of ${ROUNDS}: ${worst.toFixed(1)})`,
          budget: `≤ ${BUDGET_MS} ms`,
          kept: worst <= BUDGET_MS,
        },
      ],
      notes: [
        `${ROUNDS} rounds after one of warm-up: a leader and, ${HEAD_START_MS} ms later, ${FOLLOWERS} followers ask for the same stream of ${PIECES} pieces, ${PIECE_MS} ms apart, each on a connection of its own. Lags: ${spread(lags, 1)} ms; runs of the model as the upstream counted them: ${runs.join(', ')}; requests that the gateway counted as coalesced: ${coalesced} a round.`,
        `All ${FOLLOWERS + 1} streams are read by one process, whose own work is in the figure.`,
      ],
    };
  },
};

interface Round {
  readonly runs: number;
  readonly lagMs: number;
}

async function round(
  mark: string,
  port: number,
  connections: readonly Connection[],
  upstream: Program,
): Promise<Round> {
  const before = await runsOf(upstream);
  const request = post(port, '/api/chat-optimized', { messages: conversation(mark), stream: true });
  const ends = await Promise.all(
    connections.map(async (connection, i) => {
      if (i > 0) await sleep(HEAD_START_MS);
      const { status, raw } = await connection.ask(request);
      const endedAt = performance.now();
      if (status !== 200 || !raw.includes('"done":true'))
        throw new Error(`a stream failed (status ${status}): ${raw.toString().slice(-300)}`);
      return endedAt;
    }),
  );
  const [leader = Number.NaN, ...others] = ends;
  return { runs: (await runsOf(upstream)) - before, lagMs: Math.max(...others) - leader };
}

async function runsOf(upstream: Program): Promise<number> {
  const [, runs] = await upstream.say('runs', /runs (\d+)\n/);
  return Number(runs);
}
