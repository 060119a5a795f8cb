// Finds the handler of a request from the one table of routes (contract/routes.ts). The router reads no header and
// starts no work. It hands every result to `run`, refusals too, so all of them pass the same front door.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from 'express';
import { AppError } from '../contract/errors.ts';
import { dialectOf, OWN_ROUTES, type Route, routeOf } from '../contract/routes.ts';
import type { Handler } from './wire/handler.ts';
import { pathOf, toOriginForm } from './wire/normalized-path.ts';

/** Handlers for some rows of the table, one for each method. */
export type HandlersOf<R extends Route> = { readonly [E in R as E['path']]: Record<E['methods'][number], Handler> };
/** Handlers of all routes that Hearth answers itself: a row without a handler does not compile. */
export type Handlers = HandlersOf<Extract<Route, { by: 'hearth' }>>;

/** Runs the handler that the router found for a request. */
export type Run = (req: IncomingMessage, res: ServerResponse, handler: Handler) => void;

/**
 * Creates the listener for node:http: it calls `run` with the handler of each request. `handOn` handles every route
 * that Ollama answers.
 */
export function createRouter(
  handlers: Handlers,
  handOn: Handler,
  run: Run,
): (req: IncomingMessage, res: ServerResponse) => void {
  const exact = new Map<string, ByMethod>(Object.entries(handlers));
  const own = ownRouter(handlers, run);

  return (req, res) => {
    toOriginForm(req);
    const { method = 'GET', url = '/' } = req;
    // Fast path: most callers send no query and spell a route as the table does.
    const usual = exact.get(url)?.[method];
    if (usual !== undefined) return run(req, res, usual);
    const path = pathOf(req);
    const handler = exact.get(path)?.[method] ?? dropIn(exact, path)?.[method];
    if (handler !== undefined) run(req, res, handler);
    else if (dialectOf(path) !== 'own') run(req, res, handOn);
    else own(req, res, (error?: unknown) => run(req, res, refusing(error ?? notFound(method, path))));
  };
}

type ByMethod = Readonly<Partial<Record<string, Handler>>>;

/** Finds a drop-in route whose path has a parameter. */
function dropIn(exact: ReadonlyMap<string, ByMethod>, path: string): ByMethod | undefined {
  const route = routeOf(path);
  return route === undefined || route.dialect === 'own' ? undefined : exact.get(route.path);
}

/** The type of Express's router when used as a plain function in a chain of handlers. */
type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** Hearth's own routes, in every spelling that Express accepts for them. */
function ownRouter(handlers: Handlers, run: Run): Middleware {
  const router = Router();
  for (const { path, methods } of OWN_ROUTES) {
    const route = router.route(path);
    for (const [method, handler] of Object.entries(handlers[path])) {
      const found = (req: IncomingMessage, res: ServerResponse): void => run(req, res, handler);
      if (method === 'GET') route.get(found);
      else if (method === 'POST') route.post(found);
      else route.delete(found);
    }
    route.all((req: IncomingMessage, res: ServerResponse) => run(req, res, notAllowed(path, methods)));
  }
  return router as unknown as Middleware;
}

function notAllowed(path: string, methods: readonly string[]): Handler {
  return async ({ method }, res) => {
    res.setHeader('Allow', methods.join(', '));
    throw new AppError('method_not_allowed', `${method} is not possible on ${path}. Use ${methods.join(' or ')}.`);
  };
}

function notFound(method: string, path: string): AppError {
  const routes = OWN_ROUTES.map((route) => route.path).join(', ');
  return new AppError('not_found', `There is no ${method} ${path} here. The routes are ${routes}.`);
}

function refusing(error: unknown): Handler {
  return async () => {
    throw error;
  };
}
