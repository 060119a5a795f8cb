// The path of one request through the gateway: its id, the front door, its handler, and the one place that encodes
// failures.
// router.ts finds the handler of a route; the dialect's folder holds what the handler does.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, faultOf } from '../contract/errors.ts';
import { dialectOf, routeOf } from '../contract/routes.ts';
import { LOOP_STATUS } from '../contract/via-loop.ts';
import type { SharedCounts } from '../core/fleet.ts';
import type { Log, NewId } from '../core/ports.ts';
import type { RequestNews } from '../core/stories/views/request-news.ts';
import { callersId } from './dialect/asking.ts';
import type { DropInParts } from './dialect/drop-in.ts';
import { sendError } from './dialect/encode.ts';
import { tellMode } from './dialect/mode-asked.ts';
import { callerOf, ownerOf } from './door/caller.ts';
import { countedByAll } from './door/fleet-limit.ts';
import type { Guard } from './door/guard.ts';
import { anthropicHandlers } from './anthropic/anthropic-routes.ts';
import { batchHandlers, type BatchParts } from './batches/batch-routes.ts';
import { fileHandlers, type FileParts } from './batches/file-routes.ts';
import { ollamaHandlers } from './ollama/ollama-routes.ts';
import { openAiHandlers } from './openai/openai-routes.ts';
import { ownHandlers, type OwnParts } from './own/own-routes.ts';
import { passThrough } from './passthrough.ts';
import { responsesHandlers } from './responses/responses-routes.ts';
import { createRouter, type Run } from './router.ts';
import { Arrival } from './wire/arrival.ts';
import type { Handler } from './wire/handler.ts';
import { pathOf } from './wire/normalized-path.ts';

export interface AppParts extends OwnParts, DropInParts, FileParts, BatchParts {
  readonly guard: Guard;
  /** Counts shared by all gateways of a fleet; undefined when this gateway runs alone. */
  readonly counts?: SharedCounts | undefined;
  readonly newId: NewId;
  readonly log: Log;
  readonly onRefused: RequestNews['onRefused'];
  /** Counts each answer whose status is an error. */
  readonly meter: { answeredByError(code: string): void };
}

/** Answers one request of node:http, whatever it is. Never throws, never rejects. */
export type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

export function createApp(parts: AppParts): RequestListener {
  const handlers = {
    ...ownHandlers(parts),
    ...ollamaHandlers(parts),
    ...openAiHandlers(parts),
    ...responsesHandlers(parts),
    ...anthropicHandlers(parts),
    ...fileHandlers(parts),
    ...batchHandlers(parts),
  };
  const handOn: Handler = (req, res, arrival) => {
    arrival.dress(res);
    return passThrough(parts, req, res);
  };
  return createRouter(handlers, handOn, runner(parts));
}

/** Lets a request through the front door, runs its handler, and settles it whether the handler succeeds or fails. */
function runner(parts: AppParts): Run {
  const { guard, newId, log, underWay, clock, onRefused, meter, counts } = parts;
  return async (req, res, handler) => {
    const startedAt = performance.now();
    const seen = guard.recall(req);
    const id = (seen?.hasId === false ? undefined : callersId(req)) ?? newId();
    const arrival = new Arrival(id, seen);
    let isIn = seen !== undefined;
    try {
      const passed = isIn || admitted(parts, req, res, arrival);
      if (passed && counts !== undefined) await countedByAll(counts, req);
      isIn = passed;
      if (isIn) await handler(req, res, arrival);
      const ms = Math.round(performance.now() - startedAt);
      log.debug({ request_id: id, method: req.method, path: pathOf(req), status: res.statusCode, ms }, 'request');
    } catch (thrown) {
      arrival.dress(res);
      const isFirst = !res.headersSent && !res.destroyed;
      const error = sendError(res, asRefusal(thrown), dialectOf(pathOf(req)));
      if (isFirst) meter.answeredByError(error.code);
      failed(log, id, req, error);
      if (isIn && asksForRun(req)) {
        onRefused({ id, route: pathOf(req), caller: callerOf(req), owner: ownerOf(req) }, error, clock);
      }
    } finally {
      underWay.over(req);
    }
  };
}

/** Runs the front door's checks; false when the door has answered the request itself. Throws what the door throws. */
function admitted(
  { guard, config }: Pick<AppParts, 'guard' | 'config'>,
  req: IncomingMessage,
  res: ServerResponse,
  arrival: Arrival,
): boolean {
  arrival.dress(res);
  const { mode } = config().cache;
  if (mode !== 'live') tellMode(res, mode);
  if (guard.admit(req, res) === 'answered') return false;
  arrival.seen = guard.recall(req);
  return true;
}

/** Whether the request would run a model, on a route that Hearth answers itself. */
function asksForRun(req: IncomingMessage): boolean {
  const route = routeOf(pathOf(req));
  return req.method === 'POST' && route?.by === 'hearth' && route.does === 'run';
}

function failed(log: Log, id: string, req: IncomingMessage, error: AppError): void {
  const { code, status } = error;
  const fields = { request_id: id, method: req.method, path: pathOf(req), code, status, ...faultOf(error) };
  if (code === 'internal') log.error(fields, 'internal error');
  // A request that loops back to Hearth returns with each probe, and the watch has logged the reason already.
  else if (status >= 500 && error.native?.status !== LOOP_STATUS) log.warn(fields, error.logged);
  else log.debug(fields, error.logged);
}

/** Node refuses a path with invalid percent-encoding by throwing a URIError, inside Express too. */
function asRefusal(error: unknown): unknown {
  if (error instanceof URIError)
    return new AppError('invalid_request', 'The path is not valid percent-encoding.', { cause: error });
  return error;
}
