// Adds profiles to the answers in which Ollama's clients look for models: /api/tags lists profiles beside the installed
// models, and /api/show describes a profile by the model behind it. Without profiles these answers stay untouched.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../contract/config/config.ts';
import { profileNamed, withProfiles } from '../core/models/profiles.ts';
import type { ReadConfig, Relay } from '../core/ports.ts';
import type { Machines } from '../core/stories/machines/machine-choice.ts';
import { readBody } from './wire/body.ts';
import { pathOf } from './wire/normalized-path.ts';

export interface ProfileLooksParts {
  readonly config: ReadConfig;
  readonly machines: Pick<Machines, 'relay'>;
}

type Fields = Record<string, unknown>;

/**
 * Answers a lookup that profiles change. Otherwise returns the body, if it had to be read to find that out. Throws what
 * Relay.forward throws, and too_large.
 */
export async function profilesShown(
  { config, machines }: ProfileLooksParts,
  req: IncomingMessage,
  res: ServerResponse,
  signal: AbortSignal,
): Promise<'answered' | Buffer | undefined> {
  const { models, server } = config();
  const { relay } = machines;
  if (Object.keys(models).length === 0) return undefined;
  const route = `${req.method} ${pathOf(req)}`;
  if (route === 'GET /api/tags') {
    const changed = (body: Fields): Fields => listed(body, models);
    await answer(relay, req, res, { sent: null, signal, changed });
    return 'answered';
  }
  if (route !== 'POST /api/show') return undefined;
  const bytes = await readBody(req, server.max_body_mb * 1024 * 1024, signal);
  const asked = fieldsIn(bytes.toString());
  const name = asked?.['model'] || asked?.['name'];
  const profile = typeof name === 'string' ? profileNamed(models, name) : undefined;
  if (profile === undefined) return bytes;
  const sent = Buffer.from(JSON.stringify({ ...asked, model: profile.model, name: undefined }));
  const changed = (body: Fields): Fields => ({
    ...body,
    ...(profile.system_prompt === undefined ? {} : { system: profile.system_prompt }),
    ...(profile.options === undefined ? {} : { parameters: parametersOf(body['parameters'], profile.options) }),
  });
  await answer(relay, req, res, { sent, signal, changed });
  return 'answered';
}

interface Look {
  /** The body to send upstream. */
  readonly sent: Buffer | null;
  readonly signal: AbortSignal;
  /** Rewrites the body of the answer. */
  changed(body: Fields): Fields;
}

/** Asks Ollama and sends the rewritten answer; a refusal is passed down unchanged. */
async function answer(
  relay: Relay,
  req: IncomingMessage,
  res: ServerResponse,
  { sent, signal, changed }: Look,
): Promise<void> {
  const headers = { accept: 'application/json', ...(sent === null ? {} : { 'content-type': 'application/json' }) };
  const { method = 'GET', url = '/' } = req;
  const came = await relay.forward({ method, path: url, headers, body: sent, kind: 'look' }, signal);
  const parts: Uint8Array[] = [];
  for await (const piece of came.body) parts.push(piece);
  const text = Buffer.concat(parts).toString();
  const fields = came.status === 200 ? fieldsIn(text) : undefined;
  res.statusCode = came.status;
  res.setHeader('Content-Type', came.headers['content-type'] ?? 'application/json; charset=utf-8');
  res.end(fields === undefined ? text : JSON.stringify(changed(fields)));
}

/** Each entry has its name in two fields, `name` and the newer `model`; Ollama may leave one out. */
function listed(body: Fields, profiles: Config['models']): Fields {
  const installed = Array.isArray(body['models']) ? (body['models'] as readonly Fields[]) : [];
  const models = installed.map((each) => ({ ...each, name: String(each['name'] ?? each['model'] ?? '') }));
  return { ...body, models: withProfiles(models, profiles).map((each) => ({ ...each, model: each.name })) };
}

/** The parameters block of a Modelfile as text; options of the profile replace parameters of the same name. */
function parametersOf(block: unknown, options: Readonly<Record<string, unknown>>): string {
  const lines = typeof block === 'string' ? block.split('\n') : [];
  const stay = lines.filter((line) => line.trim() !== '' && !Object.hasOwn(options, line.split(/\s/, 1)[0] ?? ''));
  const own = Object.entries(options).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name.padEnd(30)} ${JSON.stringify(each)}`),
  );
  return [...stay, ...own].join('\n');
}

function fieldsIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}
