// Merges the four sources of settings (defaults < file < environment < command line) into one configuration that is
// always valid, with a list of problems. Pure: the hosts pass the sources in; it reads no file and no process.
import { configSchema, defaultConfig, fields, parseField, valueIn, withValue } from './config.ts';
import type { Config, FieldInfo } from './config.ts';
import { COMMAND_LINE, fileProblems, isTable, unknownFlags, unknownVariables, wrongValue } from './config-problems.ts';
import type { Problem, Source } from './config-problems.ts';
import { withoutUserinfo } from '../secret.ts';

export { problemSentence } from './config-problems.ts';
export type { Problem } from './config-problems.ts';

/** What the hosts found. Environment values and command line texts are parsed as the setting needs them. */
export interface ConfigSources {
  readonly file?: { readonly path: string; readonly data: unknown };
  /** An empty value counts as not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** By dotted path, as in {'server.port': '8081'}; undefined counts as not set. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** The source of a value. */
export type ValueOrigin = 'default' | Source;

/** The configuration, and what there is to say about it. */
export interface ResolvedConfig {
  readonly config: Config;
  /** Mistakes. The desktop starts anyway and shows them; the headless host ends with exit code 78. */
  readonly problems: readonly Problem[];
  /** Sentences about settings that are accepted but may surprise. */
  readonly notices: readonly string[];
  /** The source of each setting's value, by dotted path. */
  readonly origins: Readonly<Record<string, ValueOrigin>>;
  /** Settings that a form cannot change because the environment sets them: dotted path → name of the variable. */
  readonly locked: Readonly<Record<string, string>>;
}

/** Names Ollama's address: a good guess, which any of Hearth's own settings overrides. */
const OLLAMA_HOST = 'OLLAMA_HOST';
const API_URL = 'ollama.api_url';

/** One value for one setting. */
interface Candidate {
  readonly source: Source;
  readonly where: string;
  readonly value: unknown;
  /** A guess from another program's variable: an unusable value is no mistake, and a form may set another. */
  readonly guess?: true;
}

/**
 * Merges all sources into one configuration. Never throws. A value that is not allowed is reported, and the setting
 * takes the value of the next weaker source, so `config` is always valid. Settings without effect on this host, or in
 * this version, give a notice when they are set.
 */
export function resolveConfig(sources: ConfigSources, host: 'headless' | 'desktop'): ResolvedConfig {
  const { file, env = {}, flags = {} } = sources;
  const problems = [...(file === undefined ? [] : fileProblems(file.path, file.data)), ...unknownFlags(flags)];
  const notices = unknownVariables(env);
  let values: Readonly<Record<string, unknown>> = {};
  const origins: Record<string, ValueOrigin> = {};
  const locked: Record<string, string> = {};

  for (const field of fields) {
    origins[field.path] = 'default';
    let settled = false;
    for (const { source, where, value, guess } of candidatesFor(field, sources)) {
      if (guess && settled) continue;
      const accepted = parseField(field.path, value);
      if (accepted === undefined) {
        if (guess) notices.push(`${where} is not used: it is not ${field.allowed}.`);
        else problems.push(wrongValue(field, source, where, value));
        continue;
      }
      const reason = reasonWithoutEffect(field, host);
      if (reason !== undefined) notices.push(`${where}: ${field.path} has no effect. ${reason}`);
      if (settled) continue;
      settled = true;
      values = withValue(values, field, accepted.value);
      origins[field.path] = source;
      if (source === 'env' && !guess) locked[field.path] = where;
    }
  }

  let config: Config = configSchema.parse({ ...defaultConfig(), ...values });
  if (origins[API_URL] === 'env' && locked[API_URL] === undefined && pointsHome(config)) {
    // People set OLLAMA_HOST to Hearth for their other programs; Hearth must not then call itself.
    config = { ...config, ollama: { ...config.ollama, api_url: defaultConfig().ollama.api_url } };
    origins[API_URL] = 'default';
    notices.push(`${OLLAMA_HOST} is not used: it is the address of Hearth itself.`);
  }
  return { config, problems, notices: [...notices, ...cautions(config)], origins, locked };
}

/** All values that the sources hold for a setting, strongest first. */
function candidatesFor(field: FieldInfo, { file, env, flags }: ConfigSources): Candidate[] {
  const found: Candidate[] = [];
  const flag = own(flags, field.path);
  if (flag !== undefined) found.push({ source: 'flag', where: COMMAND_LINE, value: fromText(field, flag) });

  for (const name of field.env) {
    const text = own(env, name);
    if (name === OLLAMA_HOST || typeof text !== 'string' || text === '') continue;
    const value = name === 'RUST_LOG' ? firstLevel(text) : fromText(field, text);
    if (value !== undefined) found.push({ source: 'env', where: name, value });
  }

  const inFile = valueIn(file?.data, field);
  if (file !== undefined && inFile !== undefined) found.push({ source: 'file', where: file.path, value: inFile });

  const ollamaHost = field.env.includes(OLLAMA_HOST) ? own(env, OLLAMA_HOST) : undefined;
  if (typeof ollamaHost === 'string' && ollamaHost.trim() !== '') {
    const value = ollamaHost.trim().replace(/^(["'])(.*)\1$/, '$2'); // Ollama drops quotes here too
    found.push({ source: 'env', where: OLLAMA_HOST, value, guess: true });
  }
  return found;
}

/**
 * Converts text from the environment or the command line to the setting's type; text that does not fit stays as it is.
 */
function fromText(field: FieldInfo, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  switch (field.kind) {
    case 'number':
      return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : value;
    case 'switch':
      return SWITCH_WORDS.get(text.toLowerCase()) ?? value;
    case 'choice':
      return text.toLowerCase();
    case 'keys':
    case 'table':
    case 'rules':
    case 'upstreams':
      return fromJson(text);
    case 'headers':
      return text.startsWith('{') ? fromJson(text) : fromHeaderLines(text);
    case 'list':
      return text.startsWith('[') ? fromJson(text) : parts(text);
    default:
      return value;
  }
}

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

const parts = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Headers as in a request: `X-Api-Key: abc`, one per line. */
function fromHeaderLines(text: string): unknown {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const pairs = lines.map((line) => /^([^:]+):(.*)$/.exec(line)?.slice(1) ?? []);
  if (pairs.some(({ length }) => length !== 2)) return text;
  const table = Object.fromEntries(pairs as [string, string][]);
  return Object.keys(table).length === pairs.length ? table : text; // the same name twice is a mistake
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // not what it should be, so it is reported as it came
  }
}

/**
 * The first level in RUST_LOG ("info,hyper=warn", "hearth=debug"). Undefined if there is none: it is Rust's variable.
 */
function firstLevel(rustLog: string): string | undefined {
  const words = parts(rustLog.toLowerCase()).map((directive) => directive.slice(directive.lastIndexOf('=') + 1).trim());
  const level = words.find((word) => ['off', 'error', 'warn', 'info', 'debug', 'trace'].includes(word));
  return level === 'off' ? 'silent' : level;
}

/** An own property of a value, never an inherited one. */
function own(value: unknown, key: string): unknown {
  return isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function reasonWithoutEffect(field: FieldInfo, host: 'headless' | 'desktop'): string | undefined {
  if (field.inert !== undefined) return field.inert;
  return field.only === 'desktop' && host !== 'desktop' ? 'Only the desktop app uses it.' : undefined;
}

/** Whether Ollama's address is the one that Hearth itself will have. */
export function pointsHome({ ollama, server }: Config): boolean {
  const port = /^http:\/\/(?:localhost|127\.[\d.]+|\[::1\]):(\d+)$/.exec(withoutUserinfo(ollama.api_url))?.[1];
  return port !== undefined && Number(port) === server.port;
}

const EVERY_PAGE: ReadonlySet<string> = new Set(['*', 'https://*', 'http://*']);

/** Notices about values that are allowed but may surprise. */
function cautions({ cors, ollama, cache }: Config): string[] {
  const said: string[] = [];
  for (const origin of cors.allowed_origins.filter((each) => EVERY_PAGE.has(each))) {
    said.push(`cors.allowed_origins has "${origin}": every web page you visit may use your local models.`);
  }
  if ((ollama.num_ctx_policy === 'fill' || ollama.num_ctx_policy === 'force') && ollama.num_ctx === 0) {
    said.push(`ollama.num_ctx_policy "${ollama.num_ctx_policy}" has no effect while ollama.num_ctx is 0.`);
  }
  const shown = [
    ['an Authorization in ollama.headers', Object.keys(ollama.headers).some((name) => /^authorization$/i.test(name))],
    ['ollama.api_key', ollama.api_key !== ''],
    ['the user in ollama.api_url', withoutUserinfo(ollama.api_url) !== ollama.api_url],
  ] as const;
  const [first, ...others] = shown.filter(([, isSet]) => isSet).map(([name]) => name);
  if (first !== undefined && others.length > 0) {
    said.push(`To Ollama goes ${first}. Not used beside it: ${others.join(', ')}.`);
  }
  if (cache.max_entry_mb > cache.max_size_mb) {
    said.push('cache.max_entry_mb is above cache.max_size_mb, which therefore is the limit of one answer too.');
  }
  return said;
}
