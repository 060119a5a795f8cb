// The HTTP client for the gateway. Its answers are trusted to have the types of contract/: validating them would load
// the schemas, which takes longer than the whole command. Failures become sentences with advice.
import { readFile } from 'node:fs/promises';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import type { WireError } from '../../contract/errors.ts';
import { EXIT, Exit } from '../exits.ts';
import type { Host } from '../command-host.ts';
import { addressInUse, type Whereabouts } from './address-in-use.ts';

/** Command line options that say which gateway, and who asks. */
export interface RemoteOptions extends Whereabouts {
  readonly 'api-key-file': string | undefined;
  readonly 'api-key': string | undefined;
}

type Method = 'GET' | 'POST' | 'DELETE';

export interface Gateway {
  readonly url: string;
  /** The answer's JSON. Throws Exit with a sentence. */
  ask<T>(method: Method, path: string, body?: unknown): Promise<T>;
  /**
   * The answer's lines as they arrive, without line ends. Throws Exit with a sentence, also when the stream breaks off.
   */
  lines(method: Method, path: string, body?: unknown): AsyncGenerator<string, void, undefined>;
}

/** Time for the gateway to begin an answer that it has at once. Milliseconds. */
export const ANSWERS_MS = 10_000;

/** The gateway that a command talks to. Sends nothing yet. */
export async function gatewayOf(options: RemoteOptions, host: Host): Promise<Gateway> {
  const url = await addressInUse(options, host);
  const key = await keyOf(options, host);
  const send = async (method: Method, path: string, body: unknown): Promise<IncomingMessage> => {
    const response = await opened(url, { method, path, body, key, signal: host.signal });
    if (response.statusCode !== undefined && response.statusCode < 400) return response;
    throw refusal(url, response.statusCode ?? 0, await textOf(response));
  };
  return {
    url,
    async ask<T>(method: Method, path: string, body?: unknown) {
      const text = await textOf(await send(method, path, body));
      try {
        // Trusted to have the contract's type: see the head of this file.
        return JSON.parse(text === '' ? 'null' : text) as T;
      } catch (cause) {
        throw new Exit(EXIT.unavailable, `What answers at ${url} is not Hearth. Say where it is with --url.`, cause);
      }
    },
    async *lines(method, path, body) {
      const response = await send(method, path, body);
      let rest = '';
      try {
        for await (const part of response.setEncoding('utf8')) {
          const parts = (rest + String(part)).split('\n');
          rest = parts.pop() ?? '';
          for (const line of parts) yield line.replace(/\r$/, '');
        }
      } catch (cause) {
        throw new Exit(EXIT.unavailable, `The gateway at ${url} broke off its answer.`, cause);
      } finally {
        response.destroy();
      }
      if (rest !== '') yield rest;
    },
  };
}

/** The key to send; undefined on this machine, where none is needed. */
async function keyOf(options: RemoteOptions, { env }: Host): Promise<string | undefined> {
  const file = options['api-key-file'];
  if (file === undefined) return options['api-key'] ?? (env['HEARTH_API_KEY'] || undefined);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Exit(EXIT.config, `--api-key-file cannot be read: ${why}.`, cause);
  }
}

interface Sent {
  readonly method: Method;
  readonly path: string;
  readonly body: unknown;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/** Resolves with the head of the answer, however long that takes: a model may have to be loaded first. */
function opened(base: string, { method, path, body, key, signal }: Sent): Promise<IncomingMessage> {
  // Most gateways are on this machine, without TLS. import() cannot be used: V8's code cache of the bundle does not
  // support it.
  const request = base.startsWith('https:') ? process.getBuiltinModule('node:https').request : plainRequest;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  return new Promise((resolve, reject) => {
    // A separate connection, which ends with its answer and does not keep the process alive.
    const asked = request(new URL(base + path), { method, headers, signal, agent: false }, resolve);
    asked.on('error', (cause) => reject(signal.aborted ? cause : unreachable(base, cause)));
    asked.end(text);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  return text;
}

function unreachable(url: string, cause: Error): Exit {
  const code = 'code' in cause ? String(cause.code) : '';
  if (code === 'ECONNREFUSED') {
    const todo = 'Start it with hearth serve or the tray app, or say with --url or HEARTH_URL where it is.';
    return new Exit(EXIT.unavailable, `No gateway runs at ${url}. ${todo} hearth doctor looks for the cause.`, cause);
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Exit(EXIT.unavailable, `There is no machine by the name in ${url}. Correct --url or HEARTH_URL.`, cause);
  }
  const why = code === '' ? cause.message : code;
  return new Exit(
    EXIT.unavailable,
    `The gateway at ${url} cannot be reached (${why}). hearth doctor looks for the cause.`,
    cause,
  );
}

/** The gateway's refusal in its own words, with the exit code that says whether to retry. */
function refusal(url: string, status: number, text: string): Exit {
  const told = wireErrorIn(text);
  if (told === undefined) return new Exit(EXIT.unavailable, `What answers at ${url} is not Hearth: it said ${status}.`);
  const hint = status === 401 ? ' Give the key in HEARTH_API_KEY or with --api-key-file.' : '';
  return new Exit(exitOf(status, told), `${told.error}${hint}`);
}

function wireErrorIn(text: string): (Partial<WireError> & { error: string }) | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null && 'error' in data && typeof data.error === 'string'
      ? { ...data, error: data.error }
      : undefined;
  } catch {
    return undefined;
  }
}

function exitOf(status: number, { code, retryable }: Partial<WireError>): number {
  if (code?.startsWith('upstream_') === true) return EXIT.unavailable;
  if (status === 401 || status === 403) return EXIT.noperm;
  if (status === 429 || retryable === true) return EXIT.tempfail;
  return status < 500 ? EXIT.data : EXIT.unavailable;
}
