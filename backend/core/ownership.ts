// Who owns what, and who may see it. A caller is known by its owner: LOCAL for this machine, else a key or a web page.
// Which owner a request has is decided in http/door/caller.ts.

/** The owner of what callers on this machine ask for. */
export const LOCAL = 'local';
const KEY = 'key ';

/** The owner that a key is. Not by its name: a new key may have the name of a revoked one. */
export function ownerOfKey(hash: string): string {
  return KEY + hash;
}

/** Whether this owner is a key. */
export function isKey(owner: string): boolean {
  return owner.startsWith(KEY);
}

/** Whether this owner is a key that is not among these any more. */
export function isRevoked(owner: string, keys: readonly { readonly hash: string }[]): boolean {
  return isKey(owner) && !keys.some(({ hash }) => ownerOfKey(hash) === owner);
}

/** Whether a watcher may see, cancel or remove what belongs to this owner: everybody their own, this machine all. */
export function sees(watcher: string, owner: string): boolean {
  return watcher === LOCAL || watcher === owner;
}

/** Separates the owner from the rest. An owner comes from a header, which cannot contain it. */
const END = '\0';

/** The namespace of an owner's answers and conversations: one of its own, or a part of it that a caller named. One line. */
export function spaceOf(owner: string, name?: string): string {
  return name === undefined ? owner : owner + END + JSON.stringify(name);
}

/** What a caller named of its space; '' where it named nothing. */
export function nameOfSpace(space: string): string {
  const at = space.indexOf(END);
  return at === -1 ? '' : (JSON.parse(space.slice(at + 1)) as string);
}

/** The owner of a space. */
export function ownerOfSpace(space: string): string {
  return space.split(END, 1)[0] ?? space;
}
