// Batches of jobs that are accepted all or none. They wait on disk, and are viewed and cancelled together.
import { AppError } from '../../../contract/errors.ts';
import type { AcceptedBatch, BatchSummary, BatchView, CancelledBatch } from '../../../contract/views/queue-view.ts';
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
/** A page of results ends when it reaches this size, so that a page is never too large. */
const MOST_PAGE_BYTES = 8 * MB;
/** How many jobs are read or written at a time. */
const SLICE = 50;
/** How many batches a view of the whole queue shows. */
const MOST_SHOWN = 20;
/** When to retry after a refusal for lack of room, in milliseconds. */
const LATER_MS = 60_000;

export interface JobBatchesOptions {
  readonly jobs: BatchLine;
  readonly store: BatchStore;
  readonly gateway: Pick<Gateway, 'check'>;
  readonly queue: Pick<LeaseQueue, 'eta'>;
  readonly config: ReadConfig;
  readonly clock: Clock;
}

/** One job of a batch. */
export interface AskedMember extends AskedJob {
  /** The caller's own label, stored with the job. */
  readonly tag?: string;
}

export class JobBatches {
  readonly #options: JobBatchesOptions;
  /** Batches that are being accepted, so that a batch that is sent again is not accepted twice. */
  readonly #coming = new Map<
    string,
    { readonly batch: Pick<NewBatch, 'owner' | 'body'>; readonly done: Promise<void> }
  >();

  /** By batch that is being accepted, the number of its jobs that are not written yet; their room is reserved. */
  readonly #unwritten = new Map<string, number>();

  constructor(options: JobBatchesOptions) {
    this.#options = options;
  }

  /**
   * Accepts all jobs or none. They are on disk when it resolves. A batch that the same owner submits again with the
   * same body is the same batch. Throws what Gateway.check throws for any job, queue_full, and request_exists when
   * another batch or job has an id.
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
    // For a batch that was accepted before, read the ids, since its jobs may have got ids of their own.
    const ids = before === undefined ? asked.map(({ call }) => call.id) : [...(await store.idsOf(batch.id))];
    return { ...summary, request_ids: ids, durable: store.isDurable };
  }

  async #accept(asked: readonly AskedMember[], batch: NewBatch, signal: AbortSignal): Promise<void> {
    const { jobs, gateway, store } = this.#options;
    await this.#takeRoom(batch.id, asked.length);
    const models = new Map(asked.map(({ call }) => [call.model, call]));
    for (const call of models.values()) await gateway.check(call, signal);
    // Drop what is left of an expired batch, or of one that a gateway died while writing: its jobs have these ids.
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

  /** Drops a batch in slices, as it was written. */
  async #drop(id: string): Promise<void> {
    const { store, clock } = this.#options;
    while (await store.dropSome(id)) await clock.sleep(0, NEVER);
  }

  /** Writes the jobs in slices. Returns their numbers. */
  async #prepare(asked: readonly AskedMember[], batch: NewBatch, signal: AbortSignal): Promise<readonly number[]> {
    const { jobs, store, clock } = this.#options;
    const seqs: number[] = [];
    const starts = Array.from({ length: Math.ceil(asked.length / SLICE) }, (_, at) => at * SLICE);
    for await (const start of inSlices(starts, clock, signal)) {
      const slice = asked.slice(start, start + SLICE).map((each) => ({ ...each, createdAt: batch.createdAt }));
      // Another request may have taken an id meanwhile.
      for (const { call } of slice) if (await jobs.has(call.id)) throw requestExists(call.id);
      seqs.push(...(await store.prepare(slice, batch.id)));
      this.#unwritten.set(batch.id, asked.length - seqs.length);
    }
    return seqs;
  }

  /** Reserves room for the jobs of a batch that is being accepted. Throws queue_full when there are too many. */
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

  /** The stored batch; undefined after its retention. */
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
    // A watcher must not learn that a batch of somebody else exists or existed.
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

  /** The batches that have not ended, as far as a watcher may see them. */
  open(watcher: string): BatchSummary[] {
    const seen = this.#options.store.openBatches().filter(({ owner }) => sees(watcher, owner));
    return seen.slice(0, MOST_SHOWN).map((batch) => this.#summary(batch));
  }

  /** A batch and at most `limit` of its requests, starting behind `after`. Throws request_not_found, request_gone. */
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

  /** All jobs of a batch in order of acceptance, read on demand. */
  async *#all({ id }: StoredBatch, after: number): AsyncGenerator<StoredJob, void, undefined> {
    for (let from = after; ;) {
      const slice = await this.#options.store.jobsOf(id, from, SLICE);
      yield* slice;
      const last = slice.at(-1);
      if (last === undefined || slice.length < SLICE) return;
      from = last.seq;
    }
  }

  /**
   * Cancels all jobs that have not ended; they are stored as cancelled when it resolves. Throws request_not_found,
   * request_gone, not_cancellable.
   */
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
