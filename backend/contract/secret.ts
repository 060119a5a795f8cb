// Settings that hold a secret: which part of a value is secret, and how the value is shown. A setting is marked at its
// declaration; the window, exports and messages all use this file. It knows no setting by name.

/**
 * The secret part of a value:
 * - `value`: all of it
 * - `values`: the values of a table, not the names
 * - `userinfo`: the part of a URL before its "@"
 * - `upstreams`: in a list of machines each `key`, and the part of each `url` before its "@"
 * - `hashed`: nothing, since it holds hashes; a wrong value may be the secret itself and is not quoted
 */
export type SecretPart = 'value' | 'values' | 'userinfo' | 'upstreams' | 'hashed';

/** Replaces a secret. Its characters are legal in headers and URLs. */
export const HIDDEN = '********';

type Table = Readonly<Record<string, unknown>>;

/** A value as it may be shown. Empty values stay as they are. */
export function masked(part: SecretPart | undefined, value: unknown): unknown {
  switch (part) {
    case 'value':
      return value === '' ? value : HIDDEN;
    case 'values':
      return isTable(value) ? mapped(value, () => HIDDEN) : HIDDEN;
    case 'userinfo':
      return typeof value === 'string' ? value.replace(USERINFO, `$1${HIDDEN}@`) : HIDDEN;
    case 'upstreams':
      return Array.isArray(value)
        ? value.map((each) => eachSecret(each, (part, secret) => masked(part, secret)))
        : HIDDEN;
    case 'hashed':
    case undefined:
      return value;
  }
}

/** A value as an error message may quote it; undefined to quote nothing. */
export function quotable(part: SecretPart | undefined, value: unknown): unknown {
  if (part === 'values' && isTable(value)) return masked(part, value);
  if (part === 'upstreams' && typeof value !== 'object' && !String(value).includes('@')) return value;
  // In an invalid URL the end of a password cannot be found.
  if (part === undefined || (part === 'userinfo' && !String(value).includes('@'))) return value;
  return undefined;
}

/** A value without its secret, for a file that may be given away; undefined if nothing is left. */
export function withoutSecret(part: SecretPart | undefined, value: unknown): unknown {
  if (part === 'value' || part === 'values') return undefined;
  if (part === 'upstreams' && Array.isArray(value)) return value.map((each) => eachSecret(each, withoutSecret));
  return part === 'userinfo' && typeof value === 'string' ? withoutUserinfo(value) : value;
}

/**
 * The value meant by a masked one that comes back, edited or not: its hidden part is taken from `current`. Undefined if
 * `current` has no such part.
 */
export function unmasked(part: SecretPart | undefined, value: unknown, current: unknown): unknown {
  if (!isMasked(value)) return value;
  switch (part) {
    case 'value':
      return current === '' ? undefined : current;
    case 'values': {
      if (!isTable(value) || !isTable(current)) return undefined;
      const filled = mapped(value, (each, name) => (each === HIDDEN ? current[name] : each));
      return Object.values(filled).includes(undefined) ? undefined : filled;
    }
    case 'userinfo': {
      const known = typeof current === 'string' ? USERINFO.exec(current)?.[2] : undefined;
      return known === undefined
        ? undefined
        : String(value).replace(USERINFO, (_all, scheme: string) => scheme + known);
    }
    case 'upstreams':
      return Array.isArray(value) && Array.isArray(current) ? unmaskedList(value, current) : undefined;
    case 'hashed':
    case undefined:
      return value;
  }
}

/** An entry's secrets come from the current entry with the same address. */
function unmaskedList(list: readonly unknown[], current: readonly unknown[]): readonly unknown[] | undefined {
  const placeOf = (entry: unknown): string => (isTable(entry) ? withoutUserinfo(String(entry['url'])) : '');
  let isWhole = true;
  const filled = list.map((entry) => {
    const known = current.find((each) => placeOf(each) === placeOf(entry));
    return eachSecret(entry, (part, secret, name) => {
      const meant = unmasked(part, secret, isTable(known) ? known[name] : undefined);
      isWhole &&= meant !== undefined;
      return meant;
    });
  });
  return isWhole ? filled : undefined;
}

/** An entry of such a list with its secrets changed; a secret that becomes undefined is dropped. */
function eachSecret(entry: unknown, change: (part: SecretPart, secret: unknown, name: string) => unknown): unknown {
  if (!isTable(entry)) return entry;
  const changed = mapped(entry, (value, name) => {
    if (name === 'key') return change('value', value, name);
    return name === 'url' ? change('userinfo', value, name) : value;
  });
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
}

/** The secrets in a value, one by one, to search for in other text. */
export function secretsIn(part: SecretPart | undefined, value: unknown): string[] {
  const texts = (values: readonly unknown[]): string[] =>
    values.filter((each): each is string => typeof each === 'string' && each !== '');
  switch (part) {
    case 'value':
      return texts([value]);
    case 'values':
      return isTable(value) ? texts(Object.values(value)) : [];
    case 'userinfo':
      return texts([typeof value === 'string' ? USERINFO.exec(value)?.[2]?.slice(0, -1) : undefined]);
    case 'upstreams':
      return Array.isArray(value)
        ? value.filter(isTable).flatMap(({ key, url }) => [...secretsIn('value', key), ...secretsIn('userinfo', url)])
        : [];
    case 'hashed':
    case undefined:
      return [];
  }
}

/** Whether a masked value hides something. */
export function isMasked(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(HIDDEN);
  if (Array.isArray(value)) return value.some(isMasked);
  return isTable(value) && Object.values(value).includes(HIDDEN);
}

/** The scheme, if any, and the user name and password with the "@". */
const USERINFO = /^(\s*(?:[a-z]+:\/\/)?)([^/?#]*@)/i;

/** An address without user name and password. */
export function withoutUserinfo(address: string): string {
  return address.replace(USERINFO, '$1');
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapped(table: Table, change: (value: unknown, name: string) => unknown): Table {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value, name)]));
}
