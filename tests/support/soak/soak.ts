// The soak: many mixed requests to a real gateway in front of the simulated Ollama, with callers who leave and everything
// that can go wrong behind it. It says which answers were wrong, mixed up, cut or late, and what was left over.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Health } from '../../../backend/contract/views/control.ts';
import { MOST_QUESTIONS } from '../../../backend/http/dialect/known-questions.ts';
import { startHearth, type Hearth } from '../hearth.ts';
import { Accidents } from './accidents.ts';
import { Account, type AccountReport } from './account.ts';
import { Actor, type Habits } from './actor.ts';
import { Asker } from './asker.ts';
import { askKept } from './kept-alone.ts';
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
  /** Kept answers that are asked for at the end, when nothing is left that fills up. Default 100,000 in a long soak. */
  readonly keptAlone?: number;
  /** Loses about so many bytes with each request, to see that this is told. */
  readonly leakBytes?: number;
  onProgress?(done: number): void;
  onWrong?(what: string): void;
}

export interface SoakReport extends AccountReport, Remains {
  readonly seed: number;
  readonly requests: number;
  /**
   * Megabytes in use after a collection with an empty cache: after the first tenth, halfway, and at the end; and once kept
   * answers alone were asked for.
   */
  readonly heapMb: { readonly early: number; readonly half: number; readonly end: number; readonly kept: number };
  /** Megabytes of the file before it is emptied at the end, what answers took of it at most, and what they may. */
  readonly diskMb: { readonly file: number; readonly answers: number; readonly bound: number };
}

/** From so many requests on a soak is a long one; a shorter one does of each as much as it can. */
const LONG = 20_000;
/** Questions that are asked again and again. */
const HOT = Array.from({ length: 60 }, (_, number) => question(number));
const WELL: readonly TroubleName[] = ['fine', 'slow', 'sliced', 'atonce', 'long'];
const isAtOnce = (text: string): boolean => about(text).trouble === 'atonce';
const HOT_AT_ONCE = HOT.filter(isAtOnce);
/** Their answers are more than the disk may keep. */
const TOO_MANY = Array.from({ length: 6000 }, (_, number) => question(number)).filter(isAtOnce);
/** Few, since each is asked in some seventy ways: of several models, in two forms, thinking, with tools, and so on. */
const HOT_AND_WELL = HOT.filter((text) => WELL.includes(about(text).trouble)).slice(0, 20);

/**
 * A long soak asks its questions again, as people and programs do, also when they are long gone: most of its answers are kept
 * ones. Its cache is cleared a few times whatever the length.
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
 * up late. The one that takes longest is that of the questions that are known by their bytes (MOST_QUESTIONS, some 15 MB), so a
 * long soak fills it first. A kilobyte that is lost in each of 20,000 requests is more, and so are 100 bytes in each of 200,000.
 */
const MAY_GROW_MB = 8;
/** The same while kept answers alone are asked for, which meet nothing new. */
const KEPT_MAY_GROW_MB = 4;
const KEPT_ALONE = 100_000;
/** The bound of answers on the disk may be passed for a moment, by what is written in one go. */
const BOUND_SLACK = 1.1;
/** So near the bound a long soak comes, or none had to make room for others. */
const BOUND_REACHED = 0.9;
/** How often it is looked at how much the answers take. */
const DISK_LOOKS = 50;
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
      cache: { max_size_mb: 8, disk_max_size_mb: 1 },
    },
  });
  const sender = new Sender(hearth.url, PATIENCE_MS);
  let ended: Omit<SoakReport, keyof AccountReport>;
  try {
    ended = await ask(hearth, askerOf(sender, account, options), dataFolder, options);
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
  { requests, seed, callers = 12, onProgress, keptAlone = requests < LONG ? 0 : KEPT_ALONE }: SoakOptions,
): Promise<Omit<SoakReport, keyof AccountReport>> {
  const { account } = asker;
  const chance = new Chance(seed);
  const habits = habitsOf(requests);
  const accidents = new Accidents({ hearth, chance: new Chance(seed + 1), account, every: habits.accidentEvery });
  const actors = Array.from({ length: callers }, (_, i) => {
    return new Actor(`caller-${i}`, new Chance(chance.below(2 ** 32)), asker, habits);
  });
  let done = 0;
  let answersMb = 0;
  let nextLook = 0;
  const lookAtDisk = async (): Promise<void> => {
    nextLook = done + requests / DISK_LOOKS;
    answersMb = Math.max(answersMb, (await onDisk(hearth)).answers);
  };
  const until = async (last: number): Promise<void> => {
    const use = async (actor: Actor): Promise<void> => {
      while (done < last) {
        const more = await actor.act();
        done += more;
        onProgress?.(done);
        if (done >= nextLook) await lookAtDisk();
        await accidents.after(done);
      }
    };
    await Promise.all(actors.map(use));
    await accidents.over();
  };
  if (keptAlone > 0) {
    await askKept(asker, HOT_AT_ONCE, MOST_QUESTIONS, { anew: true });
    await askKept(asker, TOO_MANY, TOO_MANY.length);
  }
  await until(requests / 10);
  const early = await heapMb(hearth);
  await until(requests / 2);
  const half = await heapMb(hearth);
  await until(requests);
  await lookAtDisk();
  const { size } = await stat(join(dataFolder, 'hearth.db'));
  const { bound } = await onDisk(hearth);
  const diskMb = { file: Math.round(size / 1e5) / 10, answers: answersMb, bound };
  const end = await heapMb(hearth);
  await askKept(asker, HOT_AT_ONCE, keptAlone);
  const kept = await heapMb(hearth);
  const { leftOver, counted } = await remains(hearth, account.ends);
  const over = wrongOnDisk(diskMb, done, requests >= LONG);
  const grown = [...grownSince(half, end), ...grownSince(end, kept, KEPT_MAY_GROW_MB, `${keptAlone} kept answers`)];
  return {
    seed,
    requests: done,
    heapMb: { early, half, end, kept },
    diskMb,
    counted,
    leftOver: [...leftOver, ...over, ...grown],
  };
}

/** What is wrong with the memory of the second half, in which nothing is begun that was not there in the first. Megabytes. */
export function grownSince(before: number, after: number, may = MAY_GROW_MB, within = 'the second half'): string[] {
  const grown = Math.round((after - before) * 10) / 10;
  return grown > may ? [`memory grew by ${grown} MB in ${within}, from ${before} MB`] : [];
}

/** What is wrong with the file, and with what answers took of it. */
export function wrongOnDisk(
  { file, answers, bound }: SoakReport['diskMb'],
  requests: number,
  isLong: boolean,
): string[] {
  const wrong: string[] = [];
  if (answers > bound * BOUND_SLACK) wrong.push(`answers took ${answers} MB of ${bound} on the disk`);
  if (isLong && answers < bound * BOUND_REACHED) {
    wrong.push(`answers took no more than ${answers} MB of ${bound} on the disk, so that none had to make room`);
  }
  const most = bound + FILE_MB + (requests * ROW_BYTES) / 1e6;
  if (file > most) wrong.push(`the file has ${file} MB, and ${Math.round(most)} are right`);
  return wrong;
}

async function onDisk(hearth: Hearth): Promise<Pick<SoakReport['diskMb'], 'answers' | 'bound'>> {
  const { cache } = (await (await hearth.get('/health')).json()) as Health;
  return { answers: cache.disk?.size_mb ?? 0, bound: cache.disk?.max_size_mb ?? 0 };
}

/** One who loses some memory with each request where that is asked for. */
function askerOf(sender: Sender, account: Account, { leakBytes = 0 }: SoakOptions): Asker {
  if (leakBytes === 0) return new Asker(sender, account);
  const lost: number[][] = [];
  return new (class extends Asker {
    override ask(...of: Parameters<Asker['ask']>): ReturnType<Asker['ask']> {
      // Eight bytes each, and some fifty for the list.
      lost.push(Array.from({ length: Math.max(1, leakBytes / 8 - 6) }, () => lost.length));
      return super.ask(...of);
    }
  })(sender, account);
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
