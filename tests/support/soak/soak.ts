// The soak: many mixed requests to a real gateway in front of the simulated Ollama, with callers who leave and everything
// that can go wrong behind it. It says which answers were wrong, mixed up, cut or late, and what was left over.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Health } from '../../../backend/contract/control.ts';
import { startHearth, type Hearth } from '../hearth.ts';
import { Accidents } from './accidents.ts';
import { Account, type AccountReport } from './account.ts';
import { Actor, type Habits } from './actor.ts';
import { Asker } from './asker.ts';
import { about, MODELS, question, scriptOf, type TroubleName } from './model.ts';
import { Chance } from './random.ts';
import { remains, type Remains } from './remains.ts';
import { Sender } from './send.ts';

export interface SoakOptions {
  /** To models; each asks for what else it needs. */
  readonly requests: number;
  readonly seed: number;
  /** How many callers ask at the same time. Default 12. */
  readonly callers?: number;
  /**
   * Seconds that Ollama may be silent. Default 30: longer than a machine with much else to do can keep an answer. Three of
   * 1,000 questions are never answered and hold a slot for all of it.
   */
  readonly silenceSeconds?: number;
  onProgress?(done: number): void;
  onWrong?(what: string): void;
}

export interface SoakReport extends AccountReport, Remains {
  readonly seed: number;
  readonly requests: number;
  /** Megabytes in use after a collection with an empty cache: after the first tenth, halfway, and at the end. */
  readonly heapMb: { readonly early: number; readonly half: number; readonly end: number };
  /** Megabytes of the file with all that is kept, and of it what answers may take: before it is emptied at the end. */
  readonly diskMb: { readonly file: number; readonly answers: number; readonly bound: number };
}

/** From so many requests on a soak is a long one; a shorter one does of each as much as it can. */
const LONG = 20_000;
/** Questions that are asked again and again. */
const HOT = Array.from({ length: 60 }, (_, number) => question(number));
const WELL: readonly TroubleName[] = ['fine', 'slow', 'sliced', 'atonce', 'long'];
/** Few, since each is asked in some seventy ways: of several models, in two forms, thinking, with tools, and so on. */
const HOT_AND_WELL = HOT.filter((text) => WELL.includes(about(text).trouble)).slice(0, 20);

/**
 * A long soak asks its questions again, as people and programs do, also when they are long gone: most of its answers are kept
 * ones. Its cache is cleared a few times whatever the length, so that what is kept comes up to its bound on the disk.
 */
function habitsOf(requests: number): Habits & { readonly accidentEvery: number } {
  const questions = Math.min(2000, Math.max(100, requests / 4));
  const clears = Math.min(0.05, 100 / requests);
  if (requests < LONG) {
    const hot = { texts: HOT, share: 0.5 };
    return { questions, clears, hot, handedOn: 1 / 8, fresh: 0.1, jobs: 0.08, talks: 0.04, accidentEvery: 80 };
  }
  const hot = { texts: HOT_AND_WELL, share: 0.97 };
  return { questions, clears, hot, handedOn: 0.01, fresh: 0.01, jobs: 0.03, talks: 0.01, accidentEvery: 400 };
}
/** No answer of the simulated Ollama takes so long, whatever goes wrong. */
const PATIENCE_MS = 300_000;
/**
 * What the memory in use may grow by in the second half, however long it is: what V8 compiles and the bounded lists that fill
 * up late (plots, the list of requests). A kilobyte that is lost in each of 20,000 requests is more.
 */
const MAY_GROW_MB = 8;
/** What the file has beside answers: its indexes and plots, and for each request its row in the list with its details. */
const FILE_MB = 10;
const ROW_BYTES = 400;
/** Sockets and timers are gone by then. */
const CLOSED_WITHIN_MS = 5000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const before = resources();
  const { silenceSeconds: silence = 30 } = options;
  const account = new Account((what) => options.onWrong?.(what));
  const unhandled = (reason: unknown): void =>
    account.fault(`unhandled rejection: ${reason instanceof Error ? String(reason.stack) : String(reason)}`);
  process.on('unhandledRejection', unhandled);
  const dataFolder = await mkdtemp(join(tmpdir(), 'hearth-soak-'));
  const hearth = await startHearth({
    dataFolder,
    fake: { models: MODELS, answer: scriptOf, parallel: 4, maxLoaded: 5, keepCalls: 100 },
    config: {
      // On a busy machine the simulated one takes its time for everything.
      ollama: {
        first_token_timeout_seconds: silence,
        timeout_seconds: silence,
        connect_timeout_ms: Math.min(silence * 1000, 60_000),
      },
      queue: { max_concurrent: 4, max_queue_size: 1000, aging_ms: 500, retained_max_mb: 4 },
      cache: { max_size_mb: 8, disk_max_size_mb: 16 },
    },
  });
  const sender = new Sender(hearth.url, PATIENCE_MS);
  let ended: Omit<SoakReport, keyof AccountReport>;
  try {
    ended = await ask(hearth, new Asker(sender, account), dataFolder, options);
  } finally {
    sender.close();
    await hearth.stop();
    await rm(dataFolder, { recursive: true, force: true });
    process.off('unhandledRejection', unhandled);
  }
  const leftOver = [...ended.leftOver, ...(await open(before))];
  return { ...account.report, ...ended, leftOver };
}

async function ask(
  hearth: Hearth,
  asker: Asker,
  dataFolder: string,
  { requests, seed, callers = 12, onProgress }: SoakOptions,
): Promise<Omit<SoakReport, keyof AccountReport>> {
  const { account } = asker;
  const chance = new Chance(seed);
  const habits = habitsOf(requests);
  const accidents = new Accidents({ hearth, chance: new Chance(seed + 1), account, every: habits.accidentEvery });
  const actors = Array.from({ length: callers }, (_, i) => {
    return new Actor(`caller-${i}`, new Chance(chance.below(2 ** 32)), asker, habits);
  });
  let done = 0;
  const until = async (last: number): Promise<void> => {
    const use = async (actor: Actor): Promise<void> => {
      while (done < last) {
        const more = await actor.act();
        done += more;
        onProgress?.(done);
        await accidents.after(done);
      }
    };
    await Promise.all(actors.map(use));
    await accidents.over();
  };
  await until(requests / 10);
  const early = await heapMb(hearth);
  await until(requests / 2);
  const half = await heapMb(hearth);
  await until(requests);
  const diskMb = await onDisk(hearth, dataFolder);
  const end = await heapMb(hearth);
  const { leftOver, counted } = await remains(hearth, account.ends);
  const over =
    diskMb.answers > diskMb.bound ? [`answers take ${diskMb.answers} MB of ${diskMb.bound} on the disk`] : [];
  const mostMb = diskMb.bound + FILE_MB + (done * ROW_BYTES) / 1e6;
  if (diskMb.file > mostMb) over.push(`the file has ${diskMb.file} MB, and ${Math.round(mostMb)} are right`);
  const grown = grownSince(half, end);
  return {
    seed,
    requests: done,
    heapMb: { early, half, end },
    diskMb,
    counted,
    leftOver: [...leftOver, ...over, ...grown],
  };
}

/** What is wrong with the memory of the second half, in which nothing is begun that was not there in the first. Megabytes. */
export function grownSince(half: number, end: number): string[] {
  const grown = Math.round((end - half) * 10) / 10;
  return grown > MAY_GROW_MB ? [`memory grew by ${grown} MB in the second half, from ${half} MB`] : [];
}

async function onDisk(hearth: Hearth, folder: string): Promise<SoakReport['diskMb']> {
  const { cache } = (await (await hearth.get('/health')).json()) as Health;
  const { size } = await stat(join(folder, 'hearth.db'));
  return { file: Math.round(size / 1e5) / 10, answers: cache.disk?.size_mb ?? 0, bound: cache.disk?.max_size_mb ?? 0 };
}

/** V8's heap and the buffers beside it, after a full collection, with nothing kept. */
async function heapMb(hearth: Hearth): Promise<number> {
  await (await hearth.post('/api/cache-stats', { action: 'clear' })).text();
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 1e5) / 10;
}

/** What keeps the process alive, by kind: timers, sockets. */
function resources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** What is there that was not there before. */
async function open(before: ReadonlyMap<string, number>): Promise<string[]> {
  const more = (): [string, number][] => [...resources()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
  const lastAt = performance.now() + CLOSED_WITHIN_MS;
  while (more().length > 0 && performance.now() < lastAt) await sleep(20);
  return more().map(([kind, count]) => `${kind}: ${count} instead of ${before.get(kind) ?? 0}`);
}
