// One request on its way through the house: id, front door, route, and every failure encoded once.
// Routes that run a model are met before Express, which gives each request a new prototype and so costs V8 dearly; the
// others of ours are Express routes, and what is Ollama's alone is handed on to it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, faultOf } from '../contract/errors.ts';
import { type RoutePath, ROUTES } from '../contract/routes.ts';
import { LOOP_STATUS } from '../contract/via-loop.ts';
import type { Log, NewId } from '../core/ports.ts';
import { callersId } from './dialect/asking.ts';
import type { DropInParts } from './dialect/drop-in.ts';
import { sendError } from './dialect/encode.ts';
import { dialectOf } from './wire/failures.ts';
import type { Guard } from './door/guard.ts';
import { ollamaEmbed, ollamaWrite } from './ollama/ollama-routes.ts';
import { openAiEmbed, openAiModel, openAiModels, openAiWrite } from './openai/openai-routes.ts';
import {
  cancelRequest,
  chatOptimized,
  doAction,
  forgetConversation,
  handIn,
  type Handler,
  lookAtQueue,
  type OwnParts,
  showConversation,
  showEvents,
  showHealth,
  showOpenApi,
  showStats,
} from './own/own-routes.ts';
import { passThrough } from './passthrough.ts';
import express from 'express';

export interface AppParts extends OwnParts, DropInParts {
  readonly guard: Guard;
  readonly newId: NewId;
  readonly log: Log;
}

type Method = 'GET' | 'POST' | 'DELETE';

/** Answers one request of node:http, whatever it is. Never throws, never rejects. */
export type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

export function createApp(parts: AppParts): RequestListener {
  const { guard, newId, log, underWay } = parts;
  const direct = modelRoutes(parts);
  const rest = expressApp(handlers(parts));

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      await admitted(req, res);
    } finally {
      underWay.over(req);
    }
  };

  const admitted = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (guard.admit(req, res) === 'answered') return;
    const { method = 'GET', url = '/' } = req;
    // Most callers send no query, and then the address is the path.
    const handler = direct.get(`${method} ${url}`) ?? direct.get(`${method} ${pathOf(req)}`);
    if (handler !== undefined) await handler(req, res);
    else if (/^\/v1\/models\/./.test(url) && method === 'GET') await openAiModel(parts, req, res);
    else if (dialectOf(pathOf(req)) !== 'own') await passThrough(parts, req, res);
    else await new Promise<void>((resolve, reject) => passTo(rest, req, res, resolve, reject));
  };

  return (req, res) => {
    const startedAt = performance.now();
    const id = callersId(req) ?? newId();
    res.setHeader('X-Request-ID', id);
    answer(req, res).then(
      () =>
        log.debug(
          {
            request_id: id,
            method: req.method,
            path: pathOf(req),
            status: res.statusCode,
            ms: Math.round(performance.now() - startedAt),
          },
          'request',
        ),
      (thrown: unknown) => {
        const error = sendError(res, asRefusal(thrown), dialectOf(pathOf(req)));
        const fields = {
          request_id: id,
          method: req.method,
          path: pathOf(req),
          code: error.code,
          status: error.status,
          ...faultOf(error),
        };
        if (error.code === 'internal') log.error(fields, 'internal error');
        // What comes round comes again with each probe, and the watch has said why.
        else if (error.status >= 500 && error.native?.status !== LOOP_STATUS) log.warn(fields, error.logged);
        else log.debug(fields, error.logged);
      },
    );
  };
}

/** The path without the query: a query may carry what does not belong into a log. */
function pathOf(req: IncomingMessage): string {
  const { url = '' } = req;
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** The routes on which a model works, each by its method and path. */
function modelRoutes(parts: AppParts): ReadonlyMap<string, Handler> {
  return new Map<string, Handler>([
    ['POST /api/chat-optimized', (req, res) => chatOptimized(parts, req, res)],
    ['POST /api/chat', (req, res) => ollamaWrite(parts, 'chat', req, res)],
    ['POST /api/generate', (req, res) => ollamaWrite(parts, 'generate', req, res)],
    ['POST /api/embed', (req, res) => ollamaEmbed(parts, 'embed', req, res)],
    ['POST /api/embeddings', (req, res) => ollamaEmbed(parts, 'embeddings', req, res)],
    ['POST /v1/chat/completions', (req, res) => openAiWrite(parts, 'chat', req, res)],
    ['POST /v1/completions', (req, res) => openAiWrite(parts, 'completion', req, res)],
    ['POST /v1/embeddings', (req, res) => openAiEmbed(parts, req, res)],
    ['GET /v1/models', (req, res) => openAiModels(parts, req, res)],
  ]);
}

type Table = Record<RoutePath, Partial<Record<Method, Handler>>>;

function handlers(parts: OwnParts): Table {
  const bind =
    (handler: (parts: OwnParts, req: IncomingMessage, res: ServerResponse) => Promise<void>): Handler =>
    (req, res) =>
      handler(parts, req, res);
  return {
    '/health': { GET: bind(showHealth) },
    '/api/chat-optimized': { POST: bind(chatOptimized) },
    '/api/chat-queue': { POST: bind(handIn), GET: bind(lookAtQueue), DELETE: bind(cancelRequest) },
    '/api/conversations/:id': { GET: bind(showConversation), DELETE: bind(forgetConversation) },
    '/api/cache-stats': { GET: bind(showStats), POST: bind(doAction) },
    '/openapi.json': { GET: bind(showOpenApi) },
    '/api/events': { GET: bind(showEvents) },
  };
}

/** What an Express app is besides: a function that can stand in any chain of handlers. Its types hide the third argument. */
type Middleware = (req: IncomingMessage, res: ServerResponse, next: (outcome: unknown) => void) => void;

function expressApp(table: Table): Middleware {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  for (const { path, methods } of ROUTES) {
    const route = app.route(path);
    for (const method of methods) {
      const handler = table[path][method];
      if (handler === undefined) continue;
      const serve = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void => {
        handler(req, res).then(() => next('done'), next);
      };
      if (method === 'GET') route.get(serve);
      else if (method === 'POST') route.post(serve);
      else route.delete(serve);
    }
    route.all((req, res, next) => {
      res.setHeader('Allow', methods.join(', '));
      next(
        new AppError('method_not_allowed', `${req.method} is not possible on ${path}. Use ${methods.join(' or ')}.`),
      );
    });
  }
  return app as unknown as Middleware;
}

/** Hands a request to Express and learns how it went: its handlers end with `next`, an unknown path ends with nothing. */
function passTo(
  app: Middleware,
  req: IncomingMessage,
  res: ServerResponse,
  resolve: () => void,
  reject: (error: unknown) => void,
): void {
  app(req, res, (outcome: unknown) => {
    if (outcome === 'done') resolve();
    else if (outcome !== undefined) reject(outcome);
    else
      reject(
        new AppError(
          'not_found',
          `There is no ${req.method ?? 'GET'} ${pathOf(req)} here. The routes are ${ROUTES.map(({ path }) => path).join(', ')}.`,
        ),
      );
  });
}

/** A path that is not valid percent-encoding is refused by the platform, for Express too, with an error of its own. */
function asRefusal(error: unknown): unknown {
  if (error instanceof URIError)
    return new AppError('invalid_request', 'The path is not valid percent-encoding.', { cause: error });
  return error;
}
