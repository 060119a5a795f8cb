// /api/pulls: model downloads that continue without a connection. Changing the models needs the right to manage Hearth.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseInput } from '../../contract/chat/parse.ts';
import { AppError } from '../../contract/errors.ts';
import { pullWishSchema } from '../../contract/views/pull-view.ts';
import type { Pulls } from '../../core/models/pulls.ts';
import type { ReadConfig } from '../../core/ports.ts';
import { bodyOf } from '../dialect/drop-in.ts';
import { sendJson } from '../dialect/encode.ts';
import { checkManagement } from '../door/management.ts';
import { parseJson } from '../wire/body.ts';

export interface PullParts {
  readonly pulls: Pulls;
  readonly config: ReadConfig;
}

const NO_STORE = { 'Cache-Control': 'no-store' };

/** GET */
export async function listPulls({ pulls }: PullParts, _req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, { pulls: pulls.list }, NO_STORE);
}

/** POST */
export async function askPull(
  parts: PullParts & Parameters<typeof bodyOf>[0],
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  checkManagement(parts.config().server.allow_management, req);
  const { paused, ...which } = parseInput(pullWishSchema, parseJson(await bodyOf(parts, req)));
  const { pulls } = parts;
  sendJson(res, 202, paused ? pulls.pause(which) : pulls.add(which), NO_STORE);
}

/** DELETE */
export async function cancelPull(
  { pulls, config }: PullParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  checkManagement(config().server.allow_management, req);
  const { searchParams } = new URL(req.url ?? '/', 'http://localhost');
  const model = searchParams.get('model') ?? '';
  if (model === '') throw new AppError('invalid_request', 'model is missing. Name it: DELETE /api/pulls?model=…');
  pulls.cancel({ model, upstream: searchParams.get('upstream') ?? undefined });
  sendJson(res, 200, { model, removed: true }, NO_STORE);
}
