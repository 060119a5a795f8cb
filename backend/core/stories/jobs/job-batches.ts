// Many jobs that are accepted together, all or none: they wait on disk, and are looked at and cancelled together.
import { AppError } from '../../../contract/errors.ts';
import type { AcceptedBatch, BatchSummary, BatchView, CancelledBatch } from '../../../contract/queue-view.ts';
import { sees } from '../../ownership.ts';
import type { Clock, ReadConfig } from '../../ports.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import { noRoom, requestExists } from '../../refusals.ts';
import type { Gateway } from '../gateway.ts';
import type { BatchLine } from './job-desk.ts';
import type { AskedJob } from './jobs.ts';
import { retentionOf } from './job-times.ts';
import { inSlices } from '../slices.ts';
import { iso } from '../standing.ts';
import type { BatchStore, NewBatch, StoredBatch, StoredJob } from './stored-jobs.ts';

const MB = 1024 * 1024;
/** A page of results ends when it is as large as this, so that it is never too much at once. */
const MOST_PAGE_BYTES = 8 * MB;
/** So many are read or written at a time. */
const SLICE = 50;
/** So many are told of in a view of the whole queue. */
const MOST_SHOWN = 20;
/** After a refusal for want of room. Milliseconds. */
const LATER_MS = 60_000;

export interface JobBatchesOptions {
  readonly jobs: BatchLine;
  readonly store: BatchStore;
  readonly gateway: Pick<Gateway, 'check'>;
  readonly queue: Pick<LeaseQueue, 'eta'>;
  readonly config: ReadConfig;
  readonly clock: Clock;
}

/** One of many that are accepted together. */
export interface AskedMember extends AskedJob {
  /** A word of its own for whoever handed it in; kept with it. */
  readonly tag?: string;
}

export class JobBatches {
  readonly #options: JobBatchesOptions;
  /** Those that are being accepted, so that the same one that is sent again is not accepted twice. */
  readonly #coming = new Map<
    string,
    { readonly batch: Pick<NewBatch, 'owner' | 'body'>; readonly done: Promise<void> }
  >();

  /** Of those, the requests that are not written yet, by the batch: their room is taken. */
  readonly #unwritten = new Map<string, number>();

  constructor(options: JobBatchesOptions) {
    this.#options = options;
  }

  /**
   * Accepts all of them or none; they are on disk when it resolves. The same batch of the same owner, handed in again, is the
   * same one. Throws what Gateway.check throws for any of them, queue_full, and request_exists when another batch or job has an id.
   */
  async submit(
    asked: readonly AskedMember[],
    batch: Omit<NewBatch, 'createdAt'>,
    signal: AbortSignal,
  ): Promise<AcceptedBatch> {
    const { store, clock } = this.#options;
    const coming = this.#coming.get(batch.id);
    const before = coming?.batch ?? (await this.#kept(batch.id));
    if (before !== undefined && (before.owner !== batch.owner || before.body !== batch.body)) {
      throw requestExists(batch.id);
    }
    if (before === undefined) {
      const done = this.#accept(asked, { ...batch, createdAt: clock.now() }, signal);
      this.#coming.set(batch.id, { batch, done });
      await done.finally(() => {
        this.#coming.delete(batch.id);
        this.#unwritten.delete(batch.id);
      });
    } else {
      await coming?.done;
    }
    const { summary } = await this.find(batch.id, batch.owner);
    // Of one that was handed in before they are read: its requests may have got ids of their own then.
    const ids = before === undefined ? asked.map(({ call }) => call.id) : [...(await store.idsOf(batch.id))];
    return { ...summary, request_ids: ids, durable: store.isDurable };
  }

  async #accept(asked: readonly AskedMember[], batch: NewBatch, signal: AbortSignal): Promise<void> {
    const { jobs, gateway, store } = this.#options;
    await this.#takeRoom(batch.id, asked.length);
    const models = new Map(asked.map(({ call }) => [call.model, call]));
    for (const call of models.values()) await gateway.check(call, signal);
    // What was kept under its id long enough, or was begun to be written by a gateway that is dead: its requests have these ids.
    await this.#drop(batch.id);
    const ids = new Set<string>();
    for (const { call } of asked) {
      if (ids.has(call.id) || (await jobs.has(call.id))) throw requestExists(call.id);
      ids.add(call.id);
    }
    try {
      const seqs = await this.#prepare(asked, batch, signal);
      await store.acceptBatch(batch, asked.length);
      jobs.add(seqs.map((seq) => ({ seq, batch: batch.id })));
    } catch (error) {
      await this.#drop(batch.id);
      throw error;
    }
  }

  /** Some at a time, as they were written. */
  async #drop(id: string): Promise<void> {
    const { store, clock } = this.#options;
    while (await store.dropSome(id)) await clock.sleep(0, NEVER);
  }

  /** Writes them, some at a time. The number of each. */
  async #prepare(asked: readonly AskedMember[], batch: NewBatch, signal: AbortSignal): Promise<readonly number[]> {
    const { jobs, store, clock } = this.#options;
    const seqs: number[] = [];
    const starts = Array.from({ length: Math.ceil(asked.length / SLICE) }, (_, at) => at * SLICE);
    for await (const start of inSlices(starts, clock, signal)) {
      const slice = asked.slice(start, start + SLICE).map((each) => ({ ...each, createdAt: batch.createdAt }));
      // Somebody may have taken an id in between.
      for (const { call } of slice) if (await jobs.has(call.id)) throw requestExists(call.id);
      seqs.push(...(await store.prepare(slice, batch.id)));
      this.#unwritten.set(batch.id, asked.length - seqs.length);
    }
    return seqs;
  }

  /** Room for so many of a batch that is being accepted. Throws queue_full when they are too many. */
  async #takeRoom(batch: string, more: number): Promise<void> {
    const { store, config } = this.#options;
    const { max_jobs, jobs_max_mb } = config().queue;
    const { waiting: written, bytes } = await store.load();
    const waiting = [...this.#unwritten.values()].reduce((sum, each) => sum + each, written);
    if (waiting + more > max_jobs) {
      throw noRoom(
        `${waiting} jobs wait already, and ${max_jobs} may (queue.max_jobs). Send a smaller batch, or this one later.`,
        LATER_MS,
      );
    }
    if (bytes >= jobs_max_mb * MB) {
      throw noRoom(
        `Batches take ${Math.round(bytes / MB)} MB of disk, and ${jobs_max_mb} MB are allowed (queue.jobs_max_mb). Send it again when results have gone, or raise that.`,
        LATER_MS,
      );
    }
    this.#unwritten.set(batch, more);
  }

  /** What is kept of a batch; undefined when that was long enough. */
  async #kept(id: string): Promise<StoredBatch | undefined> {
    const { store, config, jobs } = this.#options;
    const batch = await store.batch(id);
    const isOver = batch?.endedAt !== undefined && jobs.now() - batch.endedAt > retentionOf(config()).batchMs;
    return isOver ? undefined : batch;
  }

  /** A batch as a watcher may see it. Throws request_not_found, request_gone. */
  async find(id: string, watcher: string): Promise<{ readonly kept: StoredBatch; readonly summary: BatchSummary }> {
    const { store, config } = this.#options;
    const kept = await this.#kept(id);
    const owner = kept?.owner ?? (await store.batch(id))?.owner ?? (await store.gone('batch', id));
    // Nobody is to learn that there is, or was, a batch of somebody else.
    if (owner === undefined || !sees(watcher, owner))
      throw new AppError('request_not_found', `No batch has the id "${id}".`);
    if (kept !== undefined) return { kept, summary: this.#summary(kept) };
    const { batch_retention_seconds: seconds } = config().queue;
    throw new AppError('request_gone', `The batch "${id}" is gone: results of batches are kept for ${seconds} s.`);
  }

  #summary({ id, counts, createdAt, endedAt, finishedAt, running }: StoredBatch): BatchSummary {
    const { waiting, ...ended } = counts;
    const here = this.#options.jobs
      .living()
      .filter(({ batch, answer }) => batch === id && answer.ticket.status === 'processing').length;
    const processing = running ?? here;
    const total = waiting + ended.completed + ended.failed + ended.cancelled + ended.expired;
    const isOver = endedAt !== undefined;
    const hasBegun = processing > 0 || waiting < total;
    return {
      batch_id: id,
      status: isOver ? (ended.cancelled > 0 ? 'cancelled' : 'completed') : hasBegun ? 'processing' : 'queued',
      created_at: iso(createdAt),
      ...(isOver ? { finished_at: finishedAt ?? iso(endedAt) } : {}),
      counts: { total, queued: Math.max(0, waiting - processing), processing, ...ended },
    };
  }

  /** Those that have not ended, as far as a watcher may see them. */
  open(watcher: string): BatchSummary[] {
    const seen = this.#options.store.openBatches().filter(({ owner }) => sees(watcher, owner));
    return seen.slice(0, MOST_SHOWN).map((batch) => this.#summary(batch));
  }

  /** A batch and some of its requests: at most `limit`, from the one behind `after` on. Throws request_not_found, request_gone. */
  async view(
    id: string,
    watcher: string,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<BatchView> {
    const { jobs, queue } = this.#options;
    const { kept, summary } = await this.find(id, watcher);
    const requests: BatchView['requests'] = [];
    let last = after;
    let bytes = 0;
    let isMore = false;
    const lineMs = queue.eta();
    for await (const job of this.#all(kept, after)) {
      isMore = requests.length === limit || bytes > MOST_PAGE_BYTES;
      if (isMore) break;
      requests.push(await jobs.viewOf(job, lineMs));
      bytes += job.ended?.record?.byteLength ?? 0;
      last = job.seq;
    }
    return { ...summary, requests, ...(isMore ? { next: String(last) } : {}) };
  }

  /** All jobs of a batch in the order of their acceptance, read as they are needed. */
  async *#all({ id }: StoredBatch, after: number): AsyncGenerator<StoredJob, void, undefined> {
    for (let from = after; ;) {
      const slice = await this.#options.store.jobsOf(id, from, SLICE);
      yield* slice;
      const last = slice.at(-1);
      if (last === undefined || slice.length < SLICE) return;
      from = last.seq;
    }
  }

  /** Cancels all that have not ended; they are kept as cancelled when it resolves. Throws request_not_found, request_gone, not_cancellable. */
  async cancel(id: string, watcher: string): Promise<CancelledBatch> {
    const { jobs, store, clock } = this.#options;
    if ((await this.find(id, watcher)).kept.endedAt !== undefined) {
      throw new AppError('not_cancellable', `The batch "${id}" has already ended.`);
    }
    let cancelled = 0;
    for (let some = -1; some !== 0; cancelled += some) {
      jobs.dropped(id);
      const living = jobs.living().filter(({ batch }) => batch === id);
      for (const job of living) jobs.end(job, new AppError('cancelled', 'The batch was cancelled.'));
      some = living.length + (await store.cancelSome(id, iso(clock.now()), jobs.now()));
      await clock.sleep(0, NEVER);
    }
    return { ...(await this.find(id, watcher)).summary, cancelled };
  }
}

const NEVER = new AbortController().signal;
