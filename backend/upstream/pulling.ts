// Downloads and deletes models: Ollama's pull, whose lines are reported as they come, and its delete. A pull ends with
// the line "success", with a line that has an error (the status was sent long before), or with a broken connection.
import { z } from 'zod';
import type { PullStep } from '../contract/views/pull-view.ts';
import { AppError } from '../contract/errors.ts';
import type { Clock } from '../core/ports.ts';
import { Call } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { cutShort, malformed, notDone } from './failure.ts';
import { answerIn, textOf } from './ndjson.ts';

/**
 * Ollama restarts a part of which nothing came for 30 s (its server/download.go); this allows three retries.
 * Milliseconds.
 */
const SILENT_MS = 120_000;
/** Ollama is silent while it verifies digests, which takes a minute for 40 GB on a slow disk. Milliseconds. */
const CHECK_MS = 3_600_000;
/** Longer than any line of a pull. Characters. */
const LONGEST = 1024 * 1024;

const HEADERS = { 'content-type': 'application/json', accept: 'application/x-ndjson' };

const bytes = z.number().int().nonnegative().optional();
const stepSchema = z.object({
  status: z.string().default(''),
  digest: z.string().optional(),
  total: bytes,
  completed: bytes,
});

export interface PullingParts {
  readonly clock: Clock;
  readonly exchange: Exchange;
}

/** See Upstream.pull. */
export async function pulled(
  { clock, exchange }: PullingParts,
  model: string,
  signal: AbortSignal,
  tell: (step: PullStep) => void,
): Promise<void> {
  const call = new Call(signal, clock);
  const silent = (): void => call.expect(SILENT_MS, stalled);
  try {
    silent();
    const body = JSON.stringify({ model, stream: true });
    const answer = await exchange({ method: 'POST', path: '/api/pull', headers: HEADERS, body }, model, call.signal);
    let last: PullStep | undefined;
    for await (const text of linesOf(answer.body)) {
      const read = stepSchema.safeParse(answerIn(text, answer.access));
      if (!read.success) throw malformed('a line of a download in an unknown form', read.error);
      const step = read.data;
      // The same line several times a second is not progress.
      if (step.status !== last?.status)
        call.expect(step.status.startsWith('verifying') ? CHECK_MS : SILENT_MS, stalled);
      else if (step.completed !== last.completed) call.resume();
      last = step;
      tell(step);
      if (step.status === 'success') return;
    }
    throw notDone();
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    // Closes the connection, which cancels a pull that still runs.
    call.close();
  }
}

/** See Upstream.remove. */
export async function removed(
  { exchange }: Pick<PullingParts, 'exchange'>,
  model: string,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ model });
  const answer = await exchange({ method: 'DELETE', path: '/api/delete', headers: HEADERS, body }, model, signal);
  await textOf(answer.body, LONGEST);
}

function stalled(): AppError {
  return new AppError('idle_timeout', `No byte has come for ${SILENT_MS / 60_000} min.`);
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const utf8 = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const lines = (rest + utf8.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST) throw malformed('a line of a download without an end');
      for (const line of lines) if (line.trim() !== '') yield line;
    }
  } catch (error) {
    throw error instanceof AppError ? error : cutShort(error);
  }
  if (rest.trim() !== '') yield rest;
}
