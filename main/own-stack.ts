// The stack of an error in the app's log names the sources, though the program is one file.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readableStacks } from '../backend/cli/readable-stack.ts';

/** To be called first of all. The bundle's map lies beside it (build/desktop-bundle.ts) and is read when a stack is first asked for. */
export function nameSources(): void {
  readableStacks(import.meta.url, () => {
    try {
      return readFileSync(`${fileURLToPath(import.meta.url)}.map`, 'utf8');
    } catch {
      return undefined;
    }
  });
}
