// Finds the model that a body names, on a route of Ollama that no dialect here knows. The body is read as Ollama reads
// it, so both find the same model.
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../contract/errors.ts';
import { keepAliveSeconds } from '../../contract/duration.ts';
import { anything, GoRefusal, struct } from '../../contract/go/go-type.ts';
import { dialectOf } from '../../contract/routes.ts';
import type { UpstreamRequest } from '../../core/ports.ts';
import { readGoBody } from '../go/go-body.ts';
import { pathOf } from '../wire/normalized-path.ts';
import type { AskedUnchanged } from './hand-on.ts';
import { understood } from './understood.ts';

/** The fields that decide which model runs, on which runner and for how long. */
const named = struct('api.Request', { model: anything, options: anything, keep_alive: anything, stream: anything });

/**
 * What a body asks a model to do; undefined when it names no model, or when Ollama cannot read it and so runs nothing.
 * Throws invalid_request for a form that cannot be read.
 */
export async function runIn(bytes: Buffer, req: IncomingMessage): Promise<AskedUnchanged | undefined> {
  const type = req.headers['content-type'] ?? '';
  const fields = /^\s*multipart\/form-data/i.test(type) ? await inForm(bytes, type, req.url ?? '/') : inJson(bytes);
  const { model, stream } = fields;
  if (typeof model !== 'string' || model === '') return undefined;
  // Other dialects have no such fields (middleware/openai.go), so a body there changes nothing by them.
  const own = dialectOf(pathOf(req)) === 'ollama' ? ownOf(fields) : {};
  return { bytes, request: { model, ...own }, stream: stream === true || stream === 'true' };
}

function ownOf({ options, keep_alive: keepAlive }: Fields): Omit<UpstreamRequest, 'model'> {
  const timed = typeof keepAlive === 'number' || typeof keepAlive === 'string';
  return {
    ...(isObject(options) ? { options } : {}),
    ...(timed && !Number.isNaN(keepAliveSeconds(keepAlive)) ? { keep_alive: keepAlive } : {}),
  };
}

type Fields = Readonly<Partial<Record<'model' | 'options' | 'keep_alive' | 'stream', unknown>>>;

function inJson(bytes: Buffer): Fields {
  try {
    return readGoBody(bytes, (body) => understood(named, body));
  } catch (error) {
    if (error instanceof GoRefusal || error instanceof AppError) return {};
    throw error;
  }
}

/** The values of a form as Go reads them: the query string wins (net/http ParseMultipartForm). */
async function inForm(bytes: Buffer, type: string, url: string): Promise<Fields> {
  const address = new URL(url, 'http://localhost').searchParams;
  try {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
    return { model: address.get('model') ?? form.get('model'), stream: address.get('stream') ?? form.get('stream') };
  } catch (error) {
    throw new AppError('invalid_request', 'The body is no multipart form that can be read.', { cause: error });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
