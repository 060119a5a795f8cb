// Checks the file of a batch before any of it is asked: counts its lines, and finds what is wrong with them.
import { understoodLine } from './batch-line.ts';
import type { Line } from './file-lines.ts';
import type { Fault } from './offline-store.ts';

/** The result of a check. */
export type Checked =
  // The number of lines, and the invalid ones.
  | { readonly total: number; readonly wrong: readonly Fault[] }
  // Why no line of the file can be asked.
  | { readonly fatal: readonly Fault[] };

/** How many invalid lines a batch reports; its error file has all of them. */
const MOST_FAULTS = 100;

/** `goesOn` is called before each line, and throws to stop. */
export async function checkFile(
  lines: AsyncIterable<Line>,
  endpoint: string,
  { maxLines, maxLineMb }: { readonly maxLines: number; readonly maxLineMb: number },
  goesOn: () => void,
): Promise<Checked> {
  const ids = new Set<string>();
  const wrong: Fault[] = [];
  const twice: Fault[] = [];
  let total = 0;
  for await (const line of lines) {
    goesOn();
    total++;
    if (total > maxLines) {
      const sentence = `The file has over ${maxLines} lines. Send several, or raise files.max_lines.`;
      return { fatal: [ofFile('too_many_requests_in_file', sentence)] };
    }
    const said = understoodLine(line, endpoint, maxLineMb);
    if ('fault' in said) note(wrong, said.fault);
    else if (ids.has(said.customId)) note(twice, duplicate(line.number));
    else ids.add(said.customId);
  }
  if (total === 0) return { fatal: [ofFile('empty_file', 'The file has no lines.')] };
  // Answers could not be told apart.
  if (twice.length > 0) return { fatal: twice };
  return ids.size === 0 ? { fatal: wrong } : { total, wrong };
}

function ofFile(code: string, message: string): Fault {
  return { line: null, code, message, param: 'input_file_id' };
}

function duplicate(line: number): Fault {
  const message = `Line ${line}: another line has this custom_id. It must be unique in a batch.`;
  return { line, code: 'duplicate_custom_id', message, param: 'custom_id' };
}

function note(faults: Fault[], fault: Fault): void {
  if (faults.length < MOST_FAULTS) faults.push(fault);
}
