// The routes of OpenAI's batches: create, list, show, cancel.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newBatchSchema, windowMs } from '../../contract/chat/openai-batch.ts';
import { parseInput } from '../../contract/chat/parse.ts';
import { LOCAL } from '../../core/ownership.ts';
import type { ReadConfig } from '../../core/ports.ts';
import type { OfflineBatches } from '../../core/stories/jobs/offline-batches.ts';
import { OPENAI_JSON_TYPE, sendJson } from '../dialect/encode.ts';
import { callerOf, ownerOf, watcherOf } from '../door/caller.ts';
import { checkContentType, parseJson, readBody } from '../wire/body.ts';
import { handlersWith } from '../wire/handler.ts';
import { batchObject, listObject } from './batch-forms.ts';
import { idIn, pageOf, queryOf } from './page-asked.ts';

export interface BatchParts {
  readonly offline: OfflineBatches;
  readonly config: ReadConfig;
}

const JSON_HEADERS = { 'Content-Type': OPENAI_JSON_TYPE, 'Cache-Control': 'no-store' };
const MB = 1024 * 1024;
/** OpenAI's own limits of a page. */
const PAGE = { usual: 20, most: 100 } as const;

/** The handlers of the batch routes. */
export function batchHandlers(parts: BatchParts) {
  const on = handlersWith(parts);
  return {
    '/v1/batches': { POST: on(createBatch), GET: on(listBatches) },
    '/v1/batches/:id/cancel': { POST: on(cancelBatch) },
    '/v1/batches/:id': { GET: on(showBatch) },
  };
}

async function createBatch({ offline, config }: BatchParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  checkContentType(req);
  const asked = parseInput(newBatchSchema, parseJson(await readBody(req, config().server.max_body_mb * MB)));
  const { completion_window: window, output_expires_after: expiry } = asked;
  const batch = offline.create(
    {
      owner: ownerOf(req),
      caller: callerOf(req),
      endpoint: asked.endpoint,
      inputFile: asked.input_file_id,
      window,
      windowMs: windowMs(window) ?? 0,
      metadata: asked.metadata ?? null,
      keepMs: expiry === undefined || expiry === null ? undefined : expiry.seconds * 1000,
    },
    watcherOf(req),
  );
  sendJson(res, 200, batchObject(batch), JSON_HEADERS);
}

async function listBatches({ offline }: BatchParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const page = pageOf(queryOf(req), PAGE.usual, PAGE.most);
  const watcher = watcherOf(req);
  // A page after an unknown batch would be empty and look like the end of the list: throw instead.
  if (page.after !== undefined) offline.get(page.after, watcher);
  const found = offline.list(watcher === LOCAL ? undefined : watcher, page);
  sendJson(res, 200, listObject(found.map(batchObject), page.limit), JSON_HEADERS);
}

async function showBatch({ offline }: BatchParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, batchObject(offline.get(idIn(req, '/v1/batches/'), watcherOf(req))), JSON_HEADERS);
}

async function cancelBatch({ offline }: BatchParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, batchObject(offline.cancel(idIn(req, '/v1/batches/'), watcherOf(req))), JSON_HEADERS);
}
