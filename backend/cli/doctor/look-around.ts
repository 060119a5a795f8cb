// The facts that the doctor collects before it judges: the settings, the gateway if it runs, and Ollama as it answers
// from here.
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { EventData, Health, RequestFact, RequestList } from '../../contract/views/control.ts';
import type { ResolvedConfig } from '../../contract/config/config-sources.ts';
import { locateConfigFile } from '../../config-file.ts';
import { readSettings } from '../commands/settings-used.ts';
import { dataPlace } from '../data-place.ts';
import { Exit } from '../exits.ts';
import { gatewayOf, type Gateway, type RemoteOptions } from '../gateway/gateway-client.ts';
import { liveEvents } from '../gateway/live-events.ts';
import type { Host, Variables } from '../command-host.ts';
import { ollamaEnvironment, type OllamaEnvironment } from './ollama-environment.ts';

export interface Known {
  readonly env: Variables;
  readonly now: number;
  /** The settings of hearth serve; a sentence if they cannot even be read. */
  readonly settings: ResolvedConfig | string;
  readonly dataFolder: string;
  /** The gateway's address and answers; a sentence if it does not answer. */
  readonly gateway: { readonly url: string; readonly isHere: boolean; readonly says: GatewaySays | string };
  readonly ollama: OllamaSays;
  /** undefined if it cannot be read. */
  readonly environment: OllamaEnvironment | undefined;
}

export interface GatewaySays {
  readonly health: Health;
  /** The first event of /api/events; undefined if it did not come in time. */
  readonly snapshot: EventData<'snapshot'> | undefined;
  readonly requests: readonly RequestFact[];
  /** The offset of its clock from this one; milliseconds. */
  readonly skewMs: number | undefined;
}

export interface OllamaSays {
  readonly url: string;
  readonly version: string | undefined;
  /** Why it did not answer. */
  readonly reason: string | undefined;
  readonly skewMs: number | undefined;
}

/** Timeout for each answer. Milliseconds. */
const WAIT_MS = 3000;

/** Collects all facts; throws if the command line itself is wrong. */
export async function lookAround(options: RemoteOptions, host: Host): Promise<Known> {
  const settings = await settingsHere(options.config, host);
  const gateway = await gatewayOf(options, { ...host, signal: soon(host.signal) });
  const says = await asked(gateway, host).catch((error: unknown) => {
    if (error instanceof Exit) return error.message;
    return `The gateway at ${gateway.url} does not answer within ${WAIT_MS / 1000} s.`;
  });
  // The gateway's own setting wins over this shell's.
  const url = typeof says === 'string' ? undefined : says.health.upstream.url;
  const here = typeof settings === 'string' ? 'http://127.0.0.1:11434' : settings.config.ollama.api_url;
  return {
    env: host.env,
    now: host.now(),
    settings,
    dataFolder: dataPlace(host.env),
    gateway: { url: gateway.url, isHere: isLoopback(gateway.url), says },
    ollama: await askedOllama(url ?? here, settings, host),
    environment: isLoopback(url ?? here) ? await ollamaEnvironment() : undefined,
  };
}

const soon = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);

async function settingsHere(named: string | undefined, { env, cwd }: Host): Promise<ResolvedConfig | string> {
  try {
    return await readSettings(await locateConfigFile(env, named, cwd), {}, env);
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigFileError') return error.message;
    throw error;
  }
}

async function asked(gateway: Gateway, host: Host): Promise<GatewaySays> {
  const before = host.now();
  const health = await gateway.ask<Health>('GET', '/health');
  const list = await gateway.ask<RequestList>('GET', '/api/requests?limit=200').catch(() => ({ requests: [] }));
  const { date } = await headOf(new URL(`${gateway.url}/health`), {}, host.signal).catch(() => ({ date: undefined }));
  return {
    health,
    snapshot: await firstSnapshot(gateway).catch(() => undefined),
    requests: list.requests,
    skewMs: skewOf(date, before, host.now()),
  };
}

async function firstSnapshot(gateway: Gateway): Promise<EventData<'snapshot'> | undefined> {
  for await (const event of liveEvents(gateway)) if (event.name === 'snapshot') return event.data;
  return undefined;
}

async function askedOllama(url: string, settings: ResolvedConfig | string, host: Host): Promise<OllamaSays> {
  const { api_key = '', headers = {} } = typeof settings === 'string' ? {} : settings.config.ollama;
  const shown = url.replace(/\/\/[^@/]*@/, '//');
  const all = { ...(api_key === '' ? {} : { authorization: `Bearer ${api_key}` }), ...headers };
  const before = host.now();
  try {
    const { status, date, text } = await headOf(new URL(`${url}/api/version`), all, host.signal);
    const skewMs = skewOf(date, before, host.now());
    if (status !== 200) return { url: shown, version: undefined, reason: `It answered ${status}.`, skewMs };
    return { url: shown, version: versionIn(text), reason: undefined, skewMs };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { url: shown, version: undefined, reason: `It cannot be reached (${why}).`, skewMs: undefined };
  }
}

function versionIn(text: string): string | undefined {
  return /"version"\s*:\s*"([^"]{1,40})"/.exec(text)?.[1];
}

interface Head {
  readonly status: number;
  readonly date: string | undefined;
  readonly text: string;
}

/** A direct GET: no proxy of the environment is used. */
function headOf(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Head> {
  const ask = url.protocol === 'https:' ? secureRequest : request;
  return new Promise((resolve, reject) => {
    const sent = ask(url, { headers, signal: soon(signal), agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, date: response.headers.date, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Compared with the middle of the exchange. The header has whole seconds. */
function skewOf(date: string | undefined, before: number, after: number): number | undefined {
  const told = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(told) ? undefined : told + 500 - (before + after) / 2;
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || hostname.startsWith('127.')
  );
}
