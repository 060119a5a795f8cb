// Row "memory": resident memory of the headless gateway when idle, and while 100,000 different requests fill a 256 MB
// cache beyond full. The answers are so large that the cache is full before half of the run, so that its last half shows
// whether memory still grows then.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheCounts, type CacheCounts } from './ask.ts';
import { Connection } from './connection.ts';
import { residentMb, startGateway, startUpstream } from './programs.ts';
import type { Outcome, Row } from './report.ts';
import { post, prose } from './bench-requests.ts';
import { slope, sum } from './stats.ts';

const IDLE_AFTER_MS = 5000;
const DISTINCT = 100_000;
/** After so many misses comes a hit on an answer that was kept a while ago. */
const MISSES_PER_HIT = 4;
const HIT_DISTANCE = 2000;
const CONNECTIONS = 16;
const SAMPLE_MS = 2000;
const CACHE_MB = 256;
/** Share of the requests after which the cache is to be full. */
const FULL_AFTER = 0.42;
/** Roughly what an entry costs beside its text: head of the record, key, bookkeeping. */
const ENTRY_OVERHEAD = 1100;
const PIECES = 4;
const IDLE_BUDGET_MB = 110;
const FULL_BUDGET_MB = 420;
/** Growth over the last half of the run, by the fitted line, that still counts as flat. */
const FLAT_SHARE = 0.05;

interface Sample {
  /** Different requests asked so far. */
  readonly asked: number;
  readonly mb: number;
}

export const memory: Row = {
  name: 'memory',
  title: 'Resident memory',
  limitMs: 600_000,
  async run() {
    const answerChars = Math.round((CACHE_MB * 2 ** 20) / (DISTINCT * FULL_AFTER) - ENTRY_OVERHEAD);
    const upstream = startUpstream({
      pieces: PIECES,
      'piece-chars': Math.ceil(answerChars / PIECES),
      'piece-ms': -1,
      parallel: CONNECTIONS,
    });
    const gateway = startGateway(await upstream.port(), [
      `queue.max_concurrent=${CONNECTIONS}`,
      `cache.max_size_mb=${CACHE_MB}`,
    ]);
    const port = await gateway.port();
    await sleep(IDLE_AFTER_MS);
    const idle = await residentMb(gateway.pid);
    const startedAt = performance.now();
    const samples = await fill(port, gateway.pid);
    const seconds = (performance.now() - startedAt) / 1000;
    const counts = await cacheCounts(port);
    await sleep(IDLE_AFTER_MS);
    const rested = await residentMb(gateway.pid);
    return outcome(idle, samples, rested, counts, answerChars, seconds);
  },
};

/** Asks all requests and samples the process's memory meanwhile; the last sample is taken right after the last answer. */
async function fill(port: number, pid: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  let asked = 0;
  let sampling = Promise.resolve();
  const take = (): void => {
    sampling = sampling.then(async () => void samples.push({ asked, mb: await residentMb(pid) }));
  };
  const timer = setInterval(take, SAMPLE_MS);
  const caller = async (): Promise<void> => {
    const connection = await Connection.open(port);
    for (let own = 1; asked < DISTINCT; own++) {
      const number = asked++;
      await answered(port, connection, number);
      if (own % MISSES_PER_HIT === 0 && number > HIT_DISTANCE) await answered(port, connection, number - HIT_DISTANCE);
    }
    connection.close();
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  } finally {
    clearInterval(timer);
  }
  take();
  await sampling;
  return samples;
}

const REST_OF_QUESTION = prose(500);

function answered(port: number, connection: Connection, number: number): Promise<void> {
  const messages = [{ role: 'user', content: `Question ${number}. ${REST_OF_QUESTION}` }];
  return new Promise((resolve, reject) => {
    connection.send(post(port, '/api/chat-optimized', { messages }), {
      done: ({ status }) => (status === 200 ? resolve() : reject(new Error(`an answer had the status ${status}`))),
      failed: reject,
    });
  });
}

function outcome(
  idle: number,
  samples: readonly Sample[],
  rested: number,
  counts: CacheCounts,
  answerChars: number,
  seconds: number,
): Outcome {
  const highest = Math.max(...samples.map((sample) => sample.mb));
  const last = samples.at(-1)?.mb ?? Number.NaN;
  const lastHalf = samples.filter(({ asked }) => asked >= DISTINCT / 2);
  const mean = sum(lastHalf.map((sample) => sample.mb)) / lastHalf.length;
  const grown = slope(lastHalf.map((sample) => ({ x: sample.asked, y: sample.mb }))) * (DISTINCT / 2);
  const full = counts.memory_usage_percent >= 95 && counts.evictions > 0;
  const doubt = full ? '' : ' (the cache was not full!)';
  return {
    findings: [
      {
        what: 'Headless resident memory, idle',
        measured: mb(idle),
        budget: `≤ ${IDLE_BUDGET_MB} MB`,
        kept: idle <= IDLE_BUDGET_MB,
      },
      {
        what: 'Headless resident memory, 100,000 requests, full cache',
        measured: `${mb(highest)} at most${doubt}`,
        budget: `≤ ${FULL_BUDGET_MB} MB`,
        kept: full && highest <= FULL_BUDGET_MB,
        inShort: {
          question: 'What it weighs',
          answer: `${mb(idle)} of memory idle, and ${mb(highest)} at most with a full cache`,
        },
        why: 'Beside what the cache counts it is V8’s heap: what a request leaves behind waits there for a full collection, and V8 lets the heap grow by half of what is alive before it makes one; it is told so once the cache is large, since before that it would cost time and save nothing. Tried, and kept: the bytes of answers lie in blocks that are used again, outside of that heap.',
      },
      {
        what: 'Its growth over the last half of that run',
        measured: `${grown.toFixed(0)} MB (${((grown / mean) * 100).toFixed(1)} %)`,
        budget: `flat: ≤ ${FLAT_SHARE * 100} %`,
        kept: full && grown <= FLAT_SHARE * mean,
      },
    ],
    notes: [
      `One run, no median of several. Idle: ${IDLE_AFTER_MS / 1000} s after the start. Then ${DISTINCT.toLocaleString('en')} different requests on ${CONNECTIONS} connections (\`queue.max_concurrent=${CONNECTIONS}\`), after every ${MISSES_PER_HIT} a hit, each answer ${answerChars} characters in ${PIECES} pieces, in ${seconds.toFixed(0)} s.`,
      `After it the gateway counted ${counts.misses} misses, ${counts.hits} hits, ${counts.total_entries} entries, ${counts.memory_usage_percent.toFixed(1)} % of the cache in use, ${counts.evictions} evictions; so the cache was full after about ${Math.round((counts.total_entries / DISTINCT) * 100)} % of the run.`,
      `Resident memory (every ${SAMPLE_MS / 1000} s): highest ${mb(highest)}, right after the last answer ${mb(last)}, ${IDLE_AFTER_MS / 1000} s later ${mb(rested)}. Growth over the last half is that of the line fitted to its ${lastHalf.length} samples.`,
      `Samples in MB: ${samples.map((sample) => sample.mb.toFixed(0)).join(', ')}.`,
    ],
  };
}

function mb(value: number): string {
  return `${value.toFixed(0)} MB`;
}
