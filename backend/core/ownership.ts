// Who owns what, and who may see it. A caller is identified by its owner: LOCAL for this machine, else a key or a web
// page. http/door/caller.ts decides which owner a request has.

/** The owner of what callers on this machine ask for. */
export const LOCAL = 'local';
const KEY = 'key ';

/** The owner for a key. Uses its hash, since a new key may have the name of a revoked one. */
export function ownerOfKey(hash: string): string {
  return KEY + hash;
}

/** Whether this owner is a key. */
export function isKey(owner: string): boolean {
  return owner.startsWith(KEY);
}

/** Whether this owner is a key that no longer exists. */
export function isRevoked(owner: string, keys: readonly { readonly hash: string }[]): boolean {
  return isKey(owner) && !keys.some(({ hash }) => ownerOfKey(hash) === owner);
}

/** Whether a watcher may see, cancel or remove what an owner has: everybody their own, this machine all. */
export function sees(watcher: string, owner: string): boolean {
  return watcher === LOCAL || watcher === owner;
}

/** Separates the owner from the rest. An owner comes from a header, which can't contain this character. */
const END = '\0';

/** The namespace of an owner's answers and conversations, or the part of it that a caller named. A single line. */
export function spaceOf(owner: string, name?: string): string {
  return name === undefined ? owner : owner + END + JSON.stringify(name);
}

/** The name that a caller gave its part of the space; '' for none. */
export function nameOfSpace(space: string): string {
  const at = space.indexOf(END);
  return at === -1 ? '' : (JSON.parse(space.slice(at + 1)) as string);
}

/** The owner of a space. */
export function ownerOfSpace(space: string): string {
  return space.split(END, 1)[0] ?? space;
}
