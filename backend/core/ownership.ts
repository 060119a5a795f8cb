// Whose is what, and who may see it. A caller is known by its owner: LOCAL for this machine, else a key or a web page.
// Who is who is http/door/caller.ts.

/** The owner of what callers on this machine ask for. */
export const LOCAL = 'local';

/** Whether a watcher may see, cancel or remove what is an owner's: its own, and this machine all. */
export function sees(watcher: string, owner: string): boolean {
  return watcher === LOCAL || watcher === owner;
}

/** Ends an owner's name, which comes out of a header and so has none in it. */
const END = '\0';

/** Where an owner's answers and conversations are kept: its one space, or a part of it that a caller named. One line. */
export function spaceOf(owner: string, name?: string): string {
  return name === undefined ? owner : owner + END + JSON.stringify(name);
}

/** The owner of a space. */
export function ownerOfSpace(space: string): string {
  return space.split(END, 1)[0] ?? space;
}
