// Settings that hold a secret: which part of a value it is, and how the value looks wherever it is shown. A setting is
// marked where it is declared; the window, exports and messages all ask here. It knows no setting by its name.

/**
 * What of a value is secret:
 * - `value`: all of it
 * - `values`: of a table what stands under each name, not the names
 * - `userinfo`: of an address what stands before its "@"
 * - `upstreams`: of a list of machines each `key`, and of each `url` what stands before its "@"
 * - `hashed`: nothing, since it holds hashes; a wrong value may be the secret itself and is not quoted
 */
export type SecretPart = 'value' | 'values' | 'userinfo' | 'upstreams' | 'hashed';

/** Shown in place of a secret. Its characters are allowed in headers and addresses. */
export const HIDDEN = '********';

type Table = Readonly<Record<string, unknown>>;

/** A value as it may be shown. What is empty is shown as it is. */
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

/** A value as a message about a mistake may quote it; undefined for nothing of it. */
export function quotable(part: SecretPart | undefined, value: unknown): unknown {
  if (part === 'values' && isTable(value)) return masked(part, value);
  if (part === 'upstreams' && typeof value !== 'object' && !String(value).includes('@')) return value;
  // Where it is no valid address, the end of a password in it cannot be found.
  if (part === undefined || (part === 'userinfo' && !String(value).includes('@'))) return value;
  return undefined;
}

/** A value without its secret, for a file that may be given away; undefined where nothing is left. */
export function withoutSecret(part: SecretPart | undefined, value: unknown): unknown {
  if (part === 'value' || part === 'values') return undefined;
  if (part === 'upstreams' && Array.isArray(value)) return value.map((each) => eachSecret(each, withoutSecret));
  return part === 'userinfo' && typeof value === 'string' ? withoutUserinfo(value) : value;
}

/**
 * The value meant by a masked one that comes back, changed or not: its hidden part is taken from `current`.
 * Undefined where `current` has no such part.
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

/** An entry's secrets come from the one that has its address now. */
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

/** An entry of such a list with what becomes of its secrets; one that becomes undefined is left out. */
function eachSecret(entry: unknown, change: (part: SecretPart, secret: unknown, name: string) => unknown): unknown {
  if (!isTable(entry)) return entry;
  const changed = mapped(entry, (value, name) => {
    if (name === 'key') return change('value', value, name);
    return name === 'url' ? change('userinfo', value, name) : value;
  });
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
}

/** What is secret in a value, each by itself, to be looked for in other text. */
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

/** Whether something is hidden in a value that was masked. */
export function isMasked(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(HIDDEN);
  if (Array.isArray(value)) return value.some(isMasked);
  return isTable(value) && Object.values(value).includes(HIDDEN);
}

/** The scheme, where there is one, and the user's name and password with the "@". */
const USERINFO = /^(\s*(?:[a-z]+:\/\/)?)([^/?#]*@)/i;

/** An address without a user's name and password. */
export function withoutUserinfo(address: string): string {
  return address.replace(USERINFO, '$1');
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapped(table: Table, change: (value: unknown, name: string) => unknown): Table {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value, name)]));
}
