// Several Ollamas, as listed in `[[upstreams]]`: the address of each, its priority, which models it may run, how to
// wake it. This file has the format, the check for mistakes, and the defaults. core/routing chooses the one for a
// request.
import { z } from 'zod';
import { upstreamAddress } from '../address.ts';
import { HIDDEN, withoutUserinfo } from '../secret.ts';

export const MOST_UPSTREAMS = 20;
const MOST_PATTERNS = 100;

const spelled = (spell: (text: string) => string | undefined) =>
  z
    .string()
    .overwrite((text) => spell(text) ?? text)
    .refine((text) => spell(text) !== undefined);

/** Accepts the header notation "Bearer …" too, for those who copy it from there. */
export const bearerKey = (text: string): string | undefined =>
  /^(?:bearer(?:\s+|$))?([\x21-\x7e]{0,8192})$/i.exec(text.trim())?.[1];

/** Six bytes in hex, as `ip link` and Windows write them. */
const macAddress = (text: string): string | undefined =>
  /^(?:[\da-f]{2}([:-]?))(?:[\da-f]{2}\1){4}[\da-f]{2}$/i.test(text.trim())
    ? text.trim().toLowerCase().replaceAll(/[:-]/g, '').match(/../g)?.join(':')
    : undefined;

/** An IPv4 address, possibly a network's broadcast address, with a port if it is not 9. */
const packetAddress = (text: string): string | undefined =>
  /^(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?$/.test(text.trim()) ? text.trim() : undefined;

const wakeSchema = z.strictObject({
  mac: spelled(macAddress),
  /** Longest time in seconds that a request waits for it. */
  patience_s: z.number().min(1).max(600).optional(),
  /** Where the packet is sent. */
  address: spelled(packetAddress).optional(),
});

export const upstreamSchema = z.strictObject({
  /** Its name in the window, in headers and in figures. */
  name: z
    .string()
    .regex(/^[\w][\w .-]{0,39}$/)
    .optional(),
  url: spelled(upstreamAddress),
  key: spelled(bearerKey).optional(),
  /** The answering machines with the lowest number are used. */
  priority: z.int().min(1).max(100).optional(),
  /** Its share of the work among machines of the same priority. */
  weight: z.int().min(1).max(100).optional(),
  models: z.array(z.string().min(1).max(256)).min(1).max(MOST_PATTERNS).optional(),
  slots: z.int().min(1).max(64).optional(),
  wake: wakeSchema.optional(),
});
export const upstreamListSchema = z
  .array(upstreamSchema)
  .max(MOST_UPSTREAMS)
  .refine((list) => twice(list) === undefined);

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
export type UpstreamEntry = DeepReadonly<z.output<typeof upstreamSchema>>;

/** What is allowed, to follow "must be". */
export const UPSTREAMS_ALLOWED = `a list of at most ${MOST_UPSTREAMS} tables, each with url, and name, key, priority, weight, models, slots and wake where they are wanted`;

/** What each part of an entry may be, to follow "must be". */
const ALLOWED: Readonly<Record<string, string>> = {
  '': 'a table with url, and name, key, priority, weight, models, slots and wake where they are wanted',
  name: '1 to 40 letters, digits, blanks or any of ".-_"',
  url: 'an http or https address such as "http://desktop:11434"',
  key: 'a key without blanks in it',
  priority: 'a whole number from 1 to 100; 1 goes first',
  weight: 'a whole number from 1 to 100',
  models: `a list of 1 to ${MOST_PATTERNS} model names, in which "*" stands for anything`,
  slots: 'a whole number from 1 to 64',
  wake: 'a table with mac, and patience_s and address where they are wanted',
  'wake.mac': 'the address of a network card such as "9c:6b:00:12:34:56"',
  'wake.patience_s': 'a number of seconds from 1 to 600',
  'wake.address': 'an IPv4 address such as "192.168.1.255", with a port where it is not 9',
};

/** Where the first mistake in a list is, what is allowed there, and what came; a key is never quoted. */
export interface WrongUpstream {
  /** As in `[1].wake.mac`, with indexes from 0, in the file's own names. */
  readonly inside: string;
  readonly allowed: string;
  readonly got: unknown;
}

/** The first mistake in a list of upstreams; undefined if it is not a list, or has no mistake. */
export function wrongUpstream(value: unknown): WrongUpstream | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const [i, entry] of value.entries()) {
    const issue = upstreamSchema.safeParse(entry).error?.issues[0];
    if (issue === undefined) continue;
    const path = issue.path.map(String).slice(0, 2);
    while (ALLOWED[path.join('.')] === undefined && path.length > 0) path.pop();
    const got = path.reduce<unknown>((part, key) => (part as Readonly<Record<string, unknown>>)?.[key], entry);
    const name = path.join('.');
    return { inside: [`[${i}]`, ...path].join('.'), allowed: ALLOWED[name] ?? '', got: shownPart(name, got) };
  }
  return twice(value as readonly UpstreamEntry[]);
}

/** Keys, users and passwords are not quoted; neither is a whole entry, which may contain them. */
function shownPart(name: string, got: unknown): unknown {
  if (name === 'url' && typeof got === 'string') return got.includes('@') ? HIDDEN : got;
  return (name === 'key' && got !== undefined) || name === '' ? HIDDEN : got;
}

/** An entry that repeats the address or the name of an earlier one. */
function twice(list: readonly UpstreamEntry[]): WrongUpstream | undefined {
  for (const [i, entry] of list.entries()) {
    for (const [j, other] of list.slice(0, i).entries()) {
      const url = placeIn(entry.url);
      if (url === placeIn(other.url)) {
        return { inside: `[${i}].url`, allowed: `another address than that of [${j}]`, got: url };
      }
      const name = nameOf(entry);
      if (name === nameOf(other)) {
        return { inside: `[${i}].name`, allowed: `another name than that of [${j}]`, got: name };
      }
    }
  }
  return undefined;
}

/** Equal for all spellings of one place: this machine has several names. */
function placeIn(url: string): string {
  const spelledUrl = upstreamAddress(url) ?? url;
  return withoutUserinfo(spelledUrl).replace(
    /^(https?:\/\/)(?:localhost|127\.[\d.]+|\[::1\])(?=[:/]|$)/,
    '$1localhost',
  );
}

/** Its own name, or the host of its address, with the port if it is not Ollama's default. */
function nameOf({ name, url }: Pick<UpstreamEntry, 'name' | 'url'>): string {
  if (name !== undefined) return name;
  const host = withoutUserinfo(upstreamAddress(url) ?? url)
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
  return host.replace(/:11434$/, '');
}

/** One entry with defaults filled in. */
export interface UpstreamPlace {
  readonly name: string;
  readonly url: string;
  readonly key: string;
  readonly priority: number;
  readonly weight: number;
  /** Patterns; empty: every model. */
  readonly models: readonly string[];
  /** Number of requests that run there at the same time; undefined: queue.max_concurrent. */
  readonly slots: number | undefined;
  readonly wake: WakePlace | undefined;
}

export interface WakePlace {
  readonly mac: string;
  /** Milliseconds that a request waits for it. */
  readonly patienceMs: number;
  /** Where the packet is sent. */
  readonly address: string;
  readonly port: number;
}

/** Broadcast to this machine's own network. */
const EVERYBODY = '255.255.255.255';
/** The customary port for such packets: "discard". */
const DISCARD = 9;
/** A sleeping machine is back within seconds; one that is off takes half a minute and more to start. */
const PATIENCE_S = 30;

/** The entries with defaults filled in. */
export function placesOf(list: readonly UpstreamEntry[]): UpstreamPlace[] {
  return list.map((entry) => ({
    name: nameOf(entry),
    url: entry.url,
    key: entry.key ?? '',
    priority: entry.priority ?? 1,
    weight: entry.weight ?? 1,
    models: entry.models ?? [],
    slots: entry.slots,
    wake: entry.wake === undefined ? undefined : wakePlaceOf(entry.wake),
  }));
}

function wakePlaceOf({
  mac,
  patience_s = PATIENCE_S,
  address = EVERYBODY,
}: NonNullable<UpstreamEntry['wake']>): WakePlace {
  const [host = EVERYBODY, port] = address.split(':');
  return { mac, patienceMs: patience_s * 1000, address: host, port: port === undefined ? DISCARD : Number(port) };
}
