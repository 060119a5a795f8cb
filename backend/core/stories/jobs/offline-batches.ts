// Batches in the form that OpenAI's clients use: submitted as a file, asked line by line in the background, and fetched
// as a file. They are on disk once accepted, and resume after a restart.
import { AppError, faultOf, asAppError } from '../../../contract/errors.ts';
import { quotation, sentence } from '../../../contract/sentence.ts';
import type { KeptFiles } from '../../offline/kept-files.ts';
import type { Batch, BatchStore, FileStore, KeptFile, Page } from '../../offline/offline-store.ts';
import { Permits } from '../../offline/permits.ts';
import { OVER } from '../../abort.ts';
import { sees } from '../../ownership.ts';
import type { Clock, KeptTime, Log, NewId, ReadConfig } from '../../ports.ts';
import { type AskLine, EndsEarly, runBatch } from './batch-run.ts';

/** The interval between two searches for expired files, in milliseconds. */
const TIDY_MS = 60_000;

export interface OfflineBatchesOptions {
  readonly files: KeptFiles;
  readonly fileStore: FileStore;
  readonly batches: BatchStore;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly time: KeptTime;
  readonly log: Log;
  readonly newId: NewId;
  readonly ask: AskLine;
}

/** What a caller submits. */
export type NewBatch = Pick<Batch, 'owner' | 'caller' | 'endpoint' | 'inputFile' | 'window' | 'metadata'> & {
  readonly windowMs: number;
  /** How long its files are kept; undefined for the default of all files. */
  readonly keepMs: number | undefined;
};

export class OfflineBatches {
  readonly #options: OfflineBatchesOptions;
  /** Limits lines of text generation and of embeddings separately. */
  readonly #permits: { readonly write: Permits; readonly embed: Permits };
  readonly #running = new Map<string, { readonly end: AbortController; readonly done: Promise<void> }>();
  #stopped = false;
  #stopTidying: (() => void) | undefined;

  constructor(options: OfflineBatchesOptions) {
    this.#options = options;
    const most = (): number => {
      const { files, queue } = options.config();
      // Never the half of the queue that others need.
      return Math.min(files.lines_at_once, Math.max(1, Math.floor(queue.max_queue_size / 2)));
    };
    this.#permits = {
      // Enough that no slot waits for a line, and few enough that age never puts a line before people. Embeddings are
      // sent together.
      write: new Permits(() => Math.min(most(), 2 * options.config().queue.max_concurrent + 2)),
      embed: new Permits(most),
    };
  }

  /** Resumes the batches that the last stop left, and removes unfinished uploads. */
  resume(): void {
    const unended = this.#options.batches.unended();
    this.#options.files.resume(new Set(unended.flatMap(({ outputFile, errorFile }) => [outputFile, errorFile])));
    for (const { id } of unended) this.#start(id);
    this.#tidy();
  }

  /** Accepts a batch; it is on disk when this returns. Throws file_not_found, files_full and disk_away. */
  create({ windowMs, keepMs, ...asked }: NewBatch, watcher: string): Batch {
    const { files, batches, newId, clock, config } = this.#options;
    files.get(asked.inputFile, watcher);
    files.checkRoom(2);
    const id = `batch_${newId().replaceAll('-', '')}`;
    const now = clock.now();
    const written = (what: string): string =>
      files.begin({
        owner: asked.owner,
        name: `${id}_${what}.jsonl`,
        purpose: 'batch_output',
        createdAt: now,
        ...files.expiry(windowMs + files.keepMs),
      });
    const batch: Batch = {
      ...asked,
      id,
      outputFile: written('output'),
      errorFile: written('error'),
      keepMs: keepMs ?? files.keepMs,
      createdAt: now,
      ...files.expiry(windowMs),
      state: 'validating',
      since: { validating: now },
      total: 0,
      completed: 0,
      failed: 0,
      faults: [],
    };
    batches.add(batch);
    // The disk may have failed meanwhile.
    files.checkDisk();
    batches.forget(config().files.max_count);
    this.#start(id);
    return batch;
  }

  /** Throws batch_not_found and disk_away. */
  get(id: string, watcher: string): Batch {
    this.#options.files.checkDisk();
    const batch = this.#options.batches.get(id);
    if (batch !== undefined && sees(watcher, batch.owner)) return batch;
    throw new AppError('batch_not_found', sentence`No batch has the id ${quotation(id)}.`);
  }

  /** Newest first. When `owner` is undefined, those of everybody. Throws disk_away. */
  list(owner: string | undefined, page: Page): Batch[] {
    this.#options.files.checkDisk();
    return this.#options.batches.list(owner, page);
  }

  /**
   * Starts no further line, aborts running ones, and provides what is done. Throws batch_not_found, not_cancellable.
   */
  cancel(id: string, watcher: string): Batch {
    const { batches, clock } = this.#options;
    const { state, since } = this.get(id, watcher);
    if (!isUnended({ state })) throw new AppError('not_cancellable', `The batch has already ended as ${state}.`);
    batches.change(id, { state: 'cancelling', since: { ...since, cancelling: clock.now() } });
    const run = this.#running.get(id);
    if (run === undefined) this.#start(id);
    else run.end.abort(new EndsEarly('cancelled'));
    return this.get(id, watcher);
  }

  /** Deletes a file. Throws file_not_found, and file_in_use while a batch needs it. */
  deleteFile(id: string, watcher: string): KeptFile {
    const { files } = this.#options;
    const file = files.get(id, watcher);
    const user = this.#needed().get(id);
    if (user !== undefined) {
      throw new AppError(
        'file_in_use',
        `The batch ${user} needs this file. Cancel it first, or wait until it has ended.`,
      );
    }
    files.forget(id);
    return file;
  }

  /** Deletes expired files, now and at intervals. */
  #tidy(): void {
    const { files, fileStore, clock, time } = this.#options;
    this.#stopTidying?.();
    if (this.#stopped) return;
    this.#stopTidying = clock.after(TIDY_MS, () => this.#tidy());
    const expired = fileStore.expired(time.now());
    if (expired.length === 0) return;
    const needed = this.#needed();
    for (const id of expired) if (!needed.has(id)) files.forget(id);
  }

  /** The files that batches still read or write, each with its batch. */
  #needed(): ReadonlyMap<string, string> {
    return new Map(
      this.#options.batches
        .unended()
        .flatMap(({ id, inputFile, outputFile, errorFile }) =>
          [inputFile, outputFile, errorFile].map((file): [string, string] => [file, id]),
        ),
    );
  }

  /**
   * Call when the store moved, so that what was known may not be there: ends running batches as a stop does, and
   * resumes those in the new store.
   */
  async moved(): Promise<void> {
    await this.#endAll();
    this.resume();
  }

  #start(id: string): void {
    const { files, fileStore, batches, config, clock, time, ask, log } = this.#options;
    if (this.#running.has(id) || this.#stopped) return;
    const end = new AbortController();
    const permits = this.#permits[batches.get(id)?.endpoint === '/v1/embeddings' ? 'embed' : 'write'];
    const parts = { files, fileStore, batches, permits, config, clock, time, ask };
    const done = runBatch(parts, id, end)
      .catch((error: unknown) => {
        // Stopped; it resumes after the restart.
        if (end.signal.aborted) return;
        const { message } = asAppError(error);
        log.error({ batch: id, ...faultOf(error) }, `A batch stands still until Hearth starts again: ${message}`);
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, { end, done });
  }

  /** Ends all runs and resolves when none is left. Interrupted lines are asked again after a restart. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopTidying?.();
    await this.#endAll();
    this.#options.files.stop();
  }

  async #endAll(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { end } of running) end.abort(OVER);
    await Promise.all(running.map(({ done }) => done));
  }
}

function isUnended({ state }: Pick<Batch, 'state'>): boolean {
  return !['failed', 'completed', 'expired', 'cancelled'].includes(state);
}
