// The OpenAPI description of the gateway (GET /openapi.json), generated from the schemas that validate every request,
// so that the two cannot differ. A test validates the description, and checks answers of a running gateway against it.
import { z } from 'zod';
import { OWN_FIELDS } from '../chat/chat-request.ts';
import { ERRORS, RUN_ERRORS, type ErrorCode } from '../errors.ts';
import { dropInBodies, DROP_IN_SENDS } from './openapi-bodies.ts';
import { OPERATIONS, type Operation } from './openapi-operations.ts';
import { ANSWERED, plain, SENT, type Answered, type Json, type Sent } from './openapi-shapes.ts';
import { DROP_IN_ROUTES, OWN_ROUTES, type DropInRoute, type OwnRoute } from '../routes.ts';

/** The whole description; `version` is the app's. OpenAPI 3.1, whose schemas are JSON Schema 2020-12. */
export function openApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of OWN_ROUTES) paths[named(route.path)] = ownPath(route);
  for (const route of DROP_IN_ROUTES) paths[named(route.path)] = dropIn(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hearth',
      version,
      description:
        'A gateway for programs that use Ollama: cache, shared runs, queue, streaming. Everything else under /api/ and /v1/ is handed on to Ollama as it is.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    // Callers on this machine need no key; others do.
    security: [{}, ...Object.keys(KEYS).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      securitySchemes: KEYS,
      schemas: {
        ...shapes(SENT, 'input'),
        ...dropInBodies(plain(z.object(OWN_FIELDS), 'input')),
        ...shapes(ANSWERED, 'output'),
      },
    },
  };
}

/** The two ways to send a key. */
const KEYS = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A key, for callers from other machines.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key in a header of its own.' },
};

/** Errors that the front door may answer on any route. */
const DOOR: ErrorCode[] = ['unauthorized', 'forbidden', 'client_limit', 'host_not_allowed', 'origin_not_allowed'];

/** A path in OpenAPI's notation. */
function named(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function ownPath({ path, does }: OwnRoute): Json {
  const operations = Object.entries(OPERATIONS[path]).map(([method, operation]) => [
    method,
    described(path, operation, does === 'run' && method === 'post' ? RUN_ERRORS : []),
  ]);
  return { ...inPath(path), ...(Object.fromEntries(operations) as Json) };
}

/** The parameters in a path. */
function inPath(path: string): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  return parameters.length === 0 ? {} : { parameters };
}

function described(path: string, { what, sends, query, answers, errors }: Operation, more: readonly ErrorCode[]): Json {
  const { status, shapes: named, stream } = answers;
  const refs = named.map(ref);
  const schema = refs.length === 1 ? refs[0] : refs.length === 0 ? { type: 'object' } : { oneOf: refs };
  const content = {
    ...(path === '/api/events' ? {} : { 'application/json': { schema } }),
    ...(stream === undefined ? {} : { 'text/event-stream': { schema: { type: 'string', description: stream } } }),
  };
  return {
    summary: what,
    ...(query === undefined ? {} : { parameters: query }),
    ...(sends === undefined ? {} : { requestBody: body(sends) }),
    responses: { [status]: { description: answers.what, content }, ...failures([...more, ...errors]) },
  };
}

function dropIn({ path, what, methods }: DropInRoute): Json {
  const sends = DROP_IN_SENDS[path];
  const answer = {
    description: 'As Ollama, OpenAI or Anthropic has it',
    content: { 'application/json': { schema: {} } },
  };
  const operation = {
    summary: what,
    ...(sends === undefined ? {} : { requestBody: body(sends) }),
    responses: { 200: answer },
  };
  return { ...inPath(path), ...Object.fromEntries(methods.map((method) => [method.toLowerCase(), operation])) };
}

function body(shape: Sent): Json {
  return { required: true, content: { 'application/json': { schema: ref(shape) } } };
}

/** One entry for each status, with its codes. */
function failures(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  const all: readonly ErrorCode[] = [...new Set([...codes, ...DOOR, 'internal' as const])];
  for (const code of all) byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  const content = { 'application/json': { schema: ref('Error') } };
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      { description: named.map((code) => `\`${code}\`: ${ERRORS[code].when}`).join('\n\n'), content },
    ]),
  );
}

function ref(shape: Sent | Answered): Json {
  return { $ref: `#/components/schemas/${shape}` };
}

function shapes(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema, io)]));
}
