// The recorded words of requests and answers: show them, delete them, ask again, and set how long they are kept.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseInput } from '../../contract/chat/parse.ts';
import { type AskedAgain, watchWishSchema } from '../../contract/views/request-body.ts';
import type { RequestTexts } from '../../core/stories/views/request-texts.ts';
import { bodyOf } from '../dialect/drop-in.ts';
import { sendJson } from '../dialect/encode.ts';
import { requireScope, watcherOf } from '../door/caller.ts';
import { parseJson } from '../wire/body.ts';
import { pathOf } from '../wire/normalized-path.ts';

export interface TextParts {
  readonly texts: RequestTexts;
  readonly again: { ask(id: string, watcher: string): Promise<AskedAgain> };
}

const NO_STORE = { 'Cache-Control': 'no-store' };

/** GET /api/requests/:id/body */
export async function showBody({ texts }: TextParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, texts.body(idOf(req), watcherOf(req)), NO_STORE);
}

/** POST /api/requests/:id/again */
export async function askAgain({ again }: TextParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = await again.ask(idOf(req), watcherOf(req));
  sendJson(res, 202, asked, { ...NO_STORE, Location: `/api/requests/${encodeURIComponent(asked.request_id)}` });
}

/** DELETE /api/requests/bodies */
export async function forgetBodies({ texts }: TextParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, texts.clear(watcherOf(req)), NO_STORE);
}

/** POST /api/requests/watch; an empty body asks for the default number of minutes. */
export async function watchClosely(
  parts: TextParts & Parameters<typeof bodyOf>[0],
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  requireScope(req, 'manage');
  const bytes = await bodyOf(parts, req);
  const { minutes } = parseInput(watchWishSchema, bytes.length === 0 ? {} : parseJson(bytes));
  sendJson(res, 200, parts.texts.watch(minutes), NO_STORE);
}

/** The id in the path, before its last part. Express has refused invalid percent-encoding. */
function idOf(req: IncomingMessage): string {
  return decodeURIComponent(pathOf(req).split('/')[3] ?? '');
}
