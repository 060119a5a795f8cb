// The jobs of a fleet in Valkey: accepted by any gateway, and readable from all of them.
import type { Clock } from '../core/ports.ts';
import { requestExists } from '../core/refusals.ts';
import type {
  Begun,
  FleetPlace,
  FleetTurn,
  Homeless,
  NewFleetJob,
  SharedJobStore,
} from '../core/stories/fleet/shared-jobs.ts';
import type {
  EndedJob,
  JobOutcome,
  NewBatch,
  NewJob,
  Retention,
  StoredBatch,
  StoredJob,
} from '../core/stories/jobs/stored-jobs.ts';
import { outcomeColumn } from '../storage/jobs/job-rows.ts';
import { known, tooFewHaveIt, tooMany } from './job-refusals.ts';
import { ABANDON, HOMELESS } from './homeless-script.ts';
import * as scripts from './job-scripts.ts';
import type { KeptWrites, Written } from './kept-writes.ts';
import type { Link } from './link.ts';
import { runScript, type Script } from './script.ts';
import { LOOKED_THROUGH, STRAYED, TURNS, type TakenQueues } from './turn-scripts.ts';
import { batchOf, begunOf, fieldsOf, jobOf, rankOf, rowsOf, turnOf, type ToldOfBegun } from './shared-job-rows.ts';

/** Maximum time to write a batch; after it the batch was given up. Milliseconds. */
const COMING_MS = 600_000;

export interface SharedJobStoreParts {
  readonly link: Pick<Link, 'ask' | 'isUp'>;
  /** Prefix of all keys of the fleet. */
  readonly prefix: string;
  /** Prefix of BullMQ's keys, without the colon. */
  readonly turns: string;
  /** Suffixes of a BullMQ queue's keys; see turnKeys. */
  readonly turnKeys: readonly string[];
  readonly taken: TakenQueues;
  readonly clock: Clock;
  /** Maximum number of waiting jobs (queue.max_jobs). */
  most(): number;
  /** Writes that replicas must confirm; undefined if none have to (cluster.job_replicas). */
  readonly kept: Pick<KeptWrites, 'write' | 'longestMs'> | undefined;
  /** Whether Valkey writes its data to disk. */
  isDurable(): boolean;
  /** Called after a job or a batch was accepted. */
  onAccepted(): void;
  /** Called when the number of waiting jobs, or the open batches, changed. */
  onChange(): void;
}

export class ValkeyJobs implements SharedJobStore {
  readonly #parts: SharedJobStoreParts;
  /** Valkey's clock minus this machine's monotonic clock. */
  #ahead: number;
  #waiting = 0;
  #open: readonly StoredBatch[] = [];
  #lookedThrough = 0;

  constructor(parts: SharedJobStoreParts) {
    this.#parts = parts;
    this.#ahead = parts.clock.now() - parts.clock.elapsed();
  }

  get isDurable(): boolean {
    return this.#parts.isDurable();
  }

  get waiting(): number {
    return this.#waiting;
  }

  now(): number {
    return Math.round(this.#parts.clock.elapsed() + this.#ahead);
  }

  // ---- asking Valkey

  #ask<T>(question: Parameters<Link['ask']>[0]): Promise<T> {
    return known(this.#parts.link.ask(question) as Promise<T>);
  }

  #run<T>(script: Script, ...args: readonly (string | number | Buffer)[]): Promise<T> {
    return this.#ask((redis) => runScript(redis, script, `${this.#parts.prefix}jobs:`, args));
  }

  /** Runs a script that writes; `isKept`: the required replicas have it when this resolves. */
  async #write<T>(script: Script, ...args: readonly (string | number | Buffer)[]): Promise<Written<T>> {
    const { kept, prefix } = this.#parts;
    if (kept === undefined) return { done: await this.#run<T>(script, ...args), isKept: true };
    return await known(kept.write(async (redis) => (await runScript(redis, script, `${prefix}jobs:`, args)) as T));
  }

  /** Runs a script that writes. Throws fleet_unreachable if too few replicas have it. */
  async #runKept<T>(script: Script, ...args: readonly (string | number | Buffer)[]): Promise<T> {
    const { done, isKept } = await this.#write<T>(script, ...args);
    if (!isKept) throw tooFewHaveIt();
    return done;
  }

  #key(name: string): string {
    return `${this.#parts.prefix}jobs:${name}`;
  }

  // ---- one job

  async accept(job: NewFleetJob, most: number): Promise<FleetTurn | 'taken'> {
    const { rank, home } = job;
    const { id } = job.call;
    const fields = [...fieldsOf(job), 'rank', rank, ...(home === undefined ? [] : ['home', home])];
    type Accepted = Buffer | number | [number, number];
    const { done, isKept } = await this.#write<Accepted>(scripts.ACCEPT, most, id, ...fields);
    if (typeof done === 'number') throw tooMany(done, most);
    if (!Array.isArray(done)) return 'taken';
    this.#heard(done[1]);
    if (!isKept) await this.#refuse(id, done[0]);
    this.#parts.onAccepted();
    return { id, seq: done[0], rank, home };
  }

  async sure(id: string): Promise<void> {
    if (this.#parts.kept === undefined) return;
    const { done, isKept } = await this.#write<number>(scripts.SURE, id);
    if (!isKept) await this.#refuse(id, done);
  }

  /** Withdraws a job that is not accepted after all, and throws the error; see UNSURE. */
  async #refuse(id: string, seq: number): Promise<never> {
    // If Valkey goes away now the job stays queued, and a new submission of it is the same job.
    await this.#run(scripts.UNSURE, id, seq).catch(() => undefined);
    throw tooFewHaveIt();
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const hash = await this.#ask<Record<string, Buffer>>((redis) => redis.hgetallBuffer(this.#key(`job:${id}`)));
    return hash['seq'] === undefined ? undefined : jobOf(hash);
  }

  async free(id: string): Promise<void> {
    await this.#run(scripts.FREE, id);
  }

  async place(id: string): Promise<FleetPlace> {
    const turns = `${this.#parts.turns}:`;
    const [position, length, since] = await this.#run<[number, number, Buffer]>(scripts.PLACE, turns, id);
    return { position, length, runsSince: since.length === 0 ? undefined : Number(since) };
  }

  async begin(id: string, token: string): Promise<Begun | undefined> {
    const told = await this.#run<ToldOfBegun | null>(scripts.BEGIN, id, token);
    if (told === null) return undefined;
    this.#heard(told[7]);
    return begunOf(id, told);
  }

  async runs(id: string, token: string): Promise<void> {
    await this.#run(scripts.RUNS, id, token);
  }

  async back(id: string, token: string, without = ''): Promise<void> {
    await this.#run(scripts.BACK, id, token, without);
  }

  async end(
    id: string,
    token: string,
    { state, outcome }: Omit<EndedJob, 'now'>,
    { maxBytes }: Retention,
  ): Promise<boolean> {
    const record = outcome.record === undefined ? '' : Buffer.from(outcome.record);
    // Valkey has it and accepts it from nobody else any more, so the number of replicas changes nothing here.
    const { done } = await this.#write(scripts.END, id, token, state, outcomeColumn(outcome), record, maxBytes);
    return done === 1;
  }

  async cancel(id: string, { state, outcome }: Omit<EndedJob, 'now'>, { maxBytes }: Retention): Promise<boolean> {
    return (await this.#runKept<number>(scripts.CANCEL, id, state, outcomeColumn(outcome), maxBytes)) === 1;
  }

  // ---- batches

  async prepare(jobs: readonly NewJob[], batch: string): Promise<readonly number[]> {
    const base = Number(await this.#run<Buffer>(scripts.TURN));
    const before = await this.#ask<number>((redis) => redis.zcard(this.#key(`batch:${batch}:jobs`)));
    const args = jobs.map((job, at) => {
      const turn = base + before + at;
      return [batch, job.call.id, ...fieldsOf(job), 'turn', turn, 'rank', rankOf(job.call, turn)];
    });
    const seqs = await this.#ask<(number | Buffer)[]>((redis) =>
      Promise.all(args.map((each) => runScript(redis, scripts.PREPARE, this.#key(''), each))),
    );
    return seqs.map((seq, at) => {
      if (typeof seq !== 'number') throw requestExists(jobs[at]?.call.id ?? '');
      return seq;
    });
  }

  async acceptBatch({ id, owner, body }: NewBatch, jobs: number): Promise<void> {
    const most = this.#parts.most();
    const done = await this.#runKept<Buffer | number>(scripts.ACCEPT_BATCH, id, most, owner, body, jobs);
    if (typeof done === 'number') throw tooMany(done, most);
    this.#parts.onAccepted();
  }

  async dropSome(batch: string): Promise<boolean> {
    return (await this.#run<number>(scripts.DROP_SOME, batch)) === 1;
  }

  async cancelSome(batch: string, finishedAt: string): Promise<number> {
    const outcome: JobOutcome = { finishedAt, error: 'The batch was cancelled.', code: 'cancelled', record: undefined };
    return await this.#run<number>(scripts.CANCEL_SOME, batch, outcomeColumn(outcome));
  }

  async batch(id: string): Promise<StoredBatch | undefined> {
    return batchOf(await this.#ask<Record<string, string>>((redis) => redis.hgetall(this.#key(`batch:${id}`))));
  }

  /** As of the last beat. */
  openBatches(): readonly StoredBatch[] {
    return this.#open;
  }

  async idsOf(batch: string): Promise<readonly string[]> {
    return await this.#ask<string[]>((redis) => redis.zrange(this.#key(`batch:${batch}:jobs`), '0', '-1'));
  }

  async jobsOf(batch: string, after: number, limit: number): Promise<readonly StoredJob[]> {
    const list = this.#key(`batch:${batch}:jobs`);
    const ids = await this.#ask<string[]>((redis) =>
      redis.zrange(list, `(${after}`, '+inf', 'BYSCORE', 'LIMIT', 0, limit),
    );
    const hashes = await this.#ask<Record<string, Buffer>[]>((redis) =>
      Promise.all(ids.map((id) => redis.hgetallBuffer(this.#key(`job:${id}`)))),
    );
    return hashes.filter((hash) => hash['seq'] !== undefined).map(jobOf);
  }

  async gone(kind: 'job' | 'batch', id: string): Promise<string | undefined> {
    return (await this.#ask<string | null>((redis) => redis.get(this.#key(`gone:${kind}:${id}`)))) ?? undefined;
  }

  async load(): Promise<{ readonly waiting: number; readonly bytes: number }> {
    const [waiting, bytes] = await this.#ask<[number, string | null]>((redis) =>
      Promise.all([redis.zcard(this.#key('open')), redis.get(this.#key('bytes'))]),
    );
    return { waiting, bytes: Number(bytes ?? 0) };
  }

  // ---- time

  async beat({ singleMs, batchMs }: Retention): Promise<void> {
    const times = [singleMs, batchMs, COMING_MS, ...this.#parts.taken];
    const [waiting, now, over] = await this.#run<[number, number, Buffer]>(scripts.BEAT, ...times);
    this.#heard(now);
    if (over.length > 0) await this.dropSome(over.toString());
    const ids = await this.#ask<string[]>((redis) => redis.zrange(this.#key('batches:open'), '0', '99'));
    const batches = await Promise.all(ids.map((id) => this.batch(id)));
    const changed = waiting !== this.#waiting || batches.length > 0 || this.#open.length > 0;
    this.#waiting = waiting;
    this.#open = batches.filter((each) => each !== undefined);
    if (changed) this.#parts.onChange();
  }

  async strayed(): Promise<readonly FleetTurn[]> {
    const from = this.#lookedThrough;
    const { waiting } = await this.load();
    this.#lookedThrough = from + LOOKED_THROUGH < waiting ? from + LOOKED_THROUGH : 0;
    const { turns, kept } = this.#parts;
    const found = await this.#run<Buffer[]>(STRAYED, turns, from, from + LOOKED_THROUGH - 1, kept?.longestMs ?? 0);
    return rowsOf(found, 4).map(turnOf);
  }

  async turnsOf(batch: string, after: number): Promise<readonly FleetTurn[]> {
    return rowsOf(await this.#run<Buffer[]>(TURNS, batch, after), 4).map(turnOf);
  }

  async homeless(up: readonly string[], afterMs: number): Promise<readonly Homeless[]> {
    const { turns, turnKeys } = this.#parts;
    const found = await this.#run<Buffer[]>(HOMELESS, up.join('\n'), afterMs, `${turns}@`, ...turnKeys);
    return rowsOf(found, 2).map(([id = '', home = '']) => ({ id, home }));
  }

  async abandon(
    { id, home }: Homeless,
    afterMs: number,
    outcome: JobOutcome,
    { maxBytes }: Retention,
  ): Promise<boolean> {
    return (await this.#run<number>(ABANDON, id, home, afterMs, outcomeColumn(outcome), maxBytes)) === 1;
  }

  #heard(now: number): void {
    this.#ahead = now - this.#parts.clock.elapsed();
  }
}
