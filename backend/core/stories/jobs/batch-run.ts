// The story of one batch: checks its file, asks its lines in order like live requests, and stores each outcome at once.
// A line with an outcome on disk is done, so a batch that was interrupted resumes where it was.
import type { BatchEndpoint } from '../../../contract/chat/openai-batch.ts';
import { AppError, asAppError, type ErrorCode } from '../../../contract/errors.ts';
import { onAbort } from '../../abort.ts';
import { checkFile } from '../../offline/file-check.ts';
import { outcomeLine, understoodLine, type Outcome } from '../../offline/batch-line.ts';
import { type Line, linesOf } from '../../offline/file-lines.ts';
import { type KeptFiles, MB } from '../../offline/kept-files.ts';
import { breath } from '../../offline/breath.ts';
import type { Batch, BatchChange, BatchState, BatchStore, Fault, FileStore } from '../../offline/offline-store.ts';
import type { Permits } from '../../offline/permits.ts';
import type { Clock, KeptTime, ReadConfig } from '../../ports.ts';

/** A line to ask. */
export interface LineCall {
  readonly id: string;
  readonly endpoint: BatchEndpoint;
  /** The whole line, validated: a JSON object with a `body`. */
  readonly bytes: Uint8Array;
  readonly owner: string;
  readonly caller: string;
}

/**
 * Asks a line as its live route would. Resolves with the answer or refusal of that route. Rejects with the temporary
 * errors in WAITS, and with the signal's reason.
 */
export type AskLine = (line: LineCall, signal: AbortSignal) => Promise<Extract<Outcome, { status: number }>>;

/** Temporary errors. Nobody waits on a connection, so the line is retried. */
export const WAITS: ReadonlySet<ErrorCode> = new Set([
  'queue_full',
  'queue_timeout',
  'overloaded',
  'client_limit',
  'breaker_open',
  'upstream_unreachable',
  'shutting_down',
]);

/** The pause before a retry, in milliseconds. */
const AGAIN_MS = { usual: 1000, most: 10_000 } as const;

export interface BatchRunParts {
  readonly files: KeptFiles;
  readonly fileStore: Pick<FileStore, 'put' | 'end' | 'places'>;
  readonly batches: Pick<BatchStore, 'change' | 'count' | 'get'>;
  readonly permits: Permits;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly time: KeptTime;
  readonly ask: AskLine;
}

/** Why a batch ends before all its lines were asked. */
export type Early = 'cancelled' | 'expired' | 'full';

/** The abort reason that ends a batch. Any other reason leaves it to be resumed. */
export class EndsEarly extends Error {
  readonly how: Early;

  constructor(how: Early) {
    super(how);
    this.how = how;
  }
}

/**
 * Runs a batch to its end, from wherever it is. Rejects with the signal's reason unless that is EndsEarly, and with
 * bugs.
 */
export async function runBatch(parts: BatchRunParts, id: string, end: AbortController): Promise<void> {
  const run = new BatchRun(parts, id, end);
  await run.toEnd();
}

class BatchRun {
  readonly #parts: BatchRunParts;
  readonly #id: string;
  readonly #end: AbortController;
  /** One controller per line in progress, since one signal would get too many listeners. */
  readonly #asked = new Set<AbortController>();

  constructor(parts: BatchRunParts, id: string, end: AbortController) {
    this.#parts = parts;
    this.#id = id;
    this.#end = end;
  }

  get #batch(): Batch {
    const batch = this.#parts.batches.get(this.#id);
    // The disk can't be used any more, so its contents are unknown.
    if (batch === undefined) throw new AppError('batch_not_found', `The batch ${this.#id} is gone.`);
    return batch;
  }

  async toEnd(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      const { code, message } = asAppError(error);
      if (code !== 'file_damaged') throw error;
      // A damaged file would fail at the next start too. Finished lines can be fetched.
      this.#close('failed', [{ line: null, code, message, param: 'input_file_id' }]);
    }
  }

  async #run(): Promise<void> {
    const { clock, time } = this.#parts;
    const { signal } = this.#end;
    const { state, dueAt } = this.#batch;
    const expire = (): void => this.#end.abort(new EndsEarly('expired'));
    const deaf = onAbort(signal, (reason) => {
      for (const asked of this.#asked) asked.abort(reason);
    });
    const off = clock.after(Math.max(0, dueAt - time.now()), () => time.now() >= dueAt && expire());
    try {
      if (state === 'cancelling') this.#end.abort(new EndsEarly('cancelled'));
      if (state === 'validating' && !(await this.#validate())) return;
      await this.#askAll();
      this.#move('finalizing');
      this.#close('completed');
    } catch (error) {
      if (!(signal.reason instanceof EndsEarly)) throw error;
      await this.#endEarly(signal.reason.how);
    } finally {
      off();
      deaf();
    }
  }

  #move(state: BatchState, more: Omit<BatchChange, 'state' | 'since'> = {}): void {
    const { batches, clock } = this.#parts;
    batches.change(this.#id, { ...more, state, since: { ...this.#batch.since, [state]: clock.now() } });
  }

  #lines({ inputFile }: Batch): AsyncGenerator<Line, void, undefined> {
    return linesOf(this.#parts.files.read(inputFile), this.#parts.config().server.max_body_mb * MB);
  }

  // ---- 1 check the file

  /** Counts the lines and finds invalid ones; false when no line can be asked. */
  async #validate(): Promise<boolean> {
    const { files, server } = this.#parts.config();
    const batch = this.#batch;
    const bounds = { maxLines: files.max_lines, maxLineMb: server.max_body_mb };
    const found = await checkFile(this.#lines(batch), batch.endpoint, bounds, () => this.#check(batch));
    if ('fatal' in found) this.#close('failed', found.fatal);
    else this.#move('in_progress', { total: found.total, faults: found.wrong });
    return !('fatal' in found);
  }

  /** Throws when the batch has to end. */
  #check({ dueAt }: Batch): void {
    const { signal } = this.#end;
    if (!signal.aborted && this.#parts.time.now() >= dueAt) this.#end.abort(new EndsEarly('expired'));
    signal.throwIfAborted();
  }

  // ---- 2 ask

  async #askAll(): Promise<void> {
    const { permits, files, fileStore } = this.#parts;
    const { signal } = this.#end;
    const batch = this.#batch;
    const done = this.#done(batch, fileStore);
    const running = new Set<Promise<void>>();
    let broken: unknown;
    try {
      for await (const line of this.#lines(batch)) {
        if (done.has(line.number)) continue;
        this.#check(batch);
        const back = await permits.take(signal);
        if (isFull(files)) this.#end.abort(new EndsEarly('full'));
        if (signal.aborted) back();
        signal.throwIfAborted();
        const one = this.#askOne(batch, line)
          .catch((error: unknown) => {
            broken ??= error;
          })
          .finally(() => {
            back();
            running.delete(one);
          });
        running.add(one);
        if (broken !== undefined) break;
        // A cached answer returns at once, and thousands in a row would block everybody else.
        await breath();
      }
    } finally {
      await Promise.all(running);
    }
    signal.throwIfAborted();
    if (broken !== undefined) throw broken;
  }

  /** The numbers of the lines that have an outcome. */
  #done({ outputFile, errorFile }: Batch, store: Pick<FileStore, 'places'>): ReadonlySet<number> {
    return new Set([...store.places(outputFile), ...store.places(errorFile)]);
  }

  async #askOne(batch: Batch, line: Line): Promise<void> {
    const said = understoodLine(line, batch.endpoint, this.#parts.config().server.max_body_mb);
    if ('fault' in said) {
      const { code, message } = said.fault;
      return this.#write(batch, line, said.customId, { error: { code, message, line: line.number } });
    }
    const { endpoint, owner, caller } = batch;
    const call = { id: lineId(batch, line), endpoint, owner, caller, bytes: line.bytes ?? NOTHING };
    const asked = new AbortController();
    this.#asked.add(asked);
    try {
      this.#write(batch, line, said.customId, await this.#outcome(call, asked.signal));
    } finally {
      this.#asked.delete(asked);
    }
  }

  /** Retries until there is an answer or a permanent refusal. */
  async #outcome(call: LineCall, signal: AbortSignal): Promise<Outcome> {
    for (;;) {
      try {
        return await this.#parts.ask(call, signal);
      } catch (error) {
        signal.throwIfAborted();
        const { code, retryAfterMs = AGAIN_MS.usual } = asAppError(error);
        if (!WAITS.has(code)) throw error;
        await this.#parts.clock.sleep(Math.min(retryAfterMs, AGAIN_MS.most), signal);
      }
    }
  }

  #write(batch: Batch, line: Line, customId: string | null, outcome: Outcome): void {
    const { fileStore, batches } = this.#parts;
    const good = 'status' in outcome && outcome.status < 400;
    const text = outcomeLine(lineId(batch, line), customId, outcome);
    fileStore.put(good ? batch.outputFile : batch.errorFile, line.number, Buffer.from(text));
    batches.count(batch.id, good ? 'completed' : 'failed');
  }

  // ---- 3 end

  #close(state: 'completed' | 'failed' | 'expired' | 'cancelled', faults?: readonly Fault[]): void {
    const { fileStore, files } = this.#parts;
    const { outputFile, errorFile, keepMs } = this.#batch;
    // Count again: the process may have been killed between storing a line and counting it.
    const counts = { completed: fileStore.places(outputFile).length, failed: fileStore.places(errorFile).length };
    for (const file of [outputFile, errorFile]) {
      const ended = fileStore.end(file, files.expiry(keepMs));
      if (ended?.bytes === 0) files.forget(file);
    }
    this.#move(state, faults === undefined ? counts : { ...counts, faults });
  }

  async #endEarly(how: Early): Promise<void> {
    if (how === 'cancelled') return this.#close('cancelled');
    if (how === 'full') {
      const message = 'The kept files take all the room they may. Delete some, or raise files.max_total_mb.';
      return this.#close('failed', [{ line: null, code: 'files_full', message, param: null }]);
    }
    const batch = this.#batch;
    const done = this.#done(batch, this.#parts.fileStore);
    const message = 'The request was not answered before the completion window was over.';
    for await (const line of this.#lines(batch)) {
      if (done.has(line.number)) continue;
      const said = understoodLine(line, batch.endpoint, this.#parts.config().server.max_body_mb);
      this.#write(batch, line, said.customId, { error: { code: 'batch_expired', message } });
    }
    this.#close('expired');
  }
}

const NOTHING = new Uint8Array();

function isFull(files: KeptFiles): boolean {
  try {
    files.checkBytes(0);
    return false;
  } catch {
    return true;
  }
}

function lineId({ id }: Batch, { number }: Line): string {
  return `${id.replace('batch_', 'batch_req_')}_${number}`;
}
