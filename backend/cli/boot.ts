// How a bundle starts: its program comes as text and is run from what V8 made of it at an earlier start, which saves the
// most of a start. Nothing here is needed to run from the source; build/gateway-bundle.ts makes the bundle.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { readableStacks } from './readable-stack.ts';

/** Long enough for the first requests, so that the code they need is compiled too. Milliseconds. */
const COMPILED_MS = 2000;

/** A program to be started. */
export interface Carried {
  /** The text of a function of `require` and of the file that it is in. */
  readonly code: string;
  /** Changes with the code. */
  readonly id: string;
  /** The file that it is in, and how many lines of it come before: stack traces say so. */
  readonly file: string;
  readonly linesBefore: number;
  /** V8's code of it, as `createCachedData` gives it. Another V8 refuses it and compiles anew. */
  readonly compiled: Buffer | undefined;
  /** The source map of `file`; undefined where there is none. Asked when an error is shown. */
  sourceMap(): string | undefined;
  /** Takes V8's code for the next start. When it throws, the next start compiles again. */
  keep?(compiled: Buffer): void;
}

/** Runs the program. */
export function boot({ code, file, linesBefore, compiled, sourceMap, keep }: Carried): void {
  readableStacks(file, sourceMap);
  const script = new Script(code, {
    filename: file,
    lineOffset: linesBefore,
    ...(compiled === undefined ? {} : { cachedData: compiled }),
  });
  (script.runInThisContext() as (require: NodeJS.Require, file: string) => void)(createRequire(file), file);
  if (keep === undefined || (compiled !== undefined && script.cachedDataRejected !== true)) return;
  setTimeout(() => attempt(() => keep(script.createCachedData())), COMPILED_MS).unref();
}

/** Where the folder cannot be written, each start takes longer, and that is all. */
export function attempt<T>(effect: () => T): T | undefined {
  try {
    return effect();
  } catch {
    return undefined;
  }
}

/** Characters of a checksum. */
const SUM_CHARS = 8;

/**
 * V8's code in a file, for the program `id` alone. With a checksum, since V8 looks at the head of its code only, and ends the
 * process when the rest is damaged, as it may be after a loss of power.
 */
export function codeCache(path: string, id: string) {
  return {
    read(): Buffer | undefined {
      const bytes = attempt(() => readFileSync(path));
      const compiled = bytes?.subarray(id.length + SUM_CHARS);
      if (bytes === undefined || compiled === undefined) return undefined;
      return bytes.toString('latin1', 0, id.length + SUM_CHARS) === id + sumOf(compiled) ? compiled : undefined;
    },
    /** All or nothing, even when another start does the same now. Throws when the folder cannot be written. */
    write(compiled: Buffer): void {
      const part = `${path}.${process.pid}`;
      try {
        writeFileSync(part, Buffer.concat([Buffer.from(id + sumOf(compiled), 'latin1'), compiled]));
        renameSync(part, path);
      } catch (error) {
        rmSync(part, { force: true });
        throw error;
      }
    },
  };
}

function sumOf(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(SUM_CHARS, '0');
}
