// Whole families of processes, by parentage: Chromium overwrites the names and environments of its own, so those tell
// nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ProcessId {
  readonly pid: number;
  /** In ticks since the machine started; a number that is used again has another one. */
  readonly startedAt: string;
}

/** A process and all that descend from it now; empty when it has gone. */
export function family(pid: number): ProcessId[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = Number(fieldsOf(Number(name))?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: ProcessId[] = [];
  const visit = (each: number): void => {
    const fields = fieldsOf(each);
    if (fields === undefined) return;
    found.push({ pid: each, startedAt: fields[19] ?? '' });
    for (const child of children.get(each) ?? []) visit(child);
  };
  visit(pid);
  return found;
}

/** Whether it still runs; a zombie does not. */
export function isAlive({ pid, startedAt }: ProcessId): boolean {
  const fields = fieldsOf(pid);
  return fields !== undefined && fields[19] === startedAt && fields[0] !== 'Z';
}

/** proc(5): everything after the name in brackets, from the state on. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** The folder of the project, from the source as from the build. */
export function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
