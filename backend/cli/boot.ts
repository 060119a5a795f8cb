// Starts a bundle: its program comes as text and runs from V8's compiled code of an earlier start, which saves most of
// the startup time. Running from source does not use this; build/gateway-bundle.ts makes the bundle.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { readableStacks } from './readable-stack.ts';

/** Long enough for the first requests, so that their code is compiled too. Milliseconds. */
const COMPILED_MS = 2000;

/** A program to be started. */
export interface Carried {
  /** Source text of a function that takes `require` and its own file's path. */
  readonly code: string;
  /** Changes with the code. */
  readonly id: string;
  /** The file that contains it, and the lines before it: for stack traces. */
  readonly file: string;
  readonly linesBefore: number;
  /** V8's compiled code, from `createCachedData`. Another version of V8 rejects it and compiles again. */
  readonly compiled: Buffer | undefined;
  /** The source map of `file`; undefined if there is none. Called when an error is shown. */
  sourceMap(): string | undefined;
  /** Stores V8's compiled code for the next start. If it throws, the next start compiles again. */
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

/** The result, or undefined on an error. If the folder is not writable, each start just takes longer. */
export function attempt<T>(effect: () => T): T | undefined {
  try {
    return effect();
  } catch {
    return undefined;
  }
}

/** Length of a checksum in characters. */
const SUM_CHARS = 8;

/**
 * V8's compiled code in a file, for the program `id` alone. It has a checksum, since V8 validates only the header of
 * its code, and crashes the process when the rest is damaged, as after a power loss.
 */
export function codeCache(path: string, id: string) {
  return {
    read(): Buffer | undefined {
      const bytes = attempt(() => readFileSync(path));
      const compiled = bytes?.subarray(id.length + SUM_CHARS);
      if (bytes === undefined || compiled === undefined) return undefined;
      return bytes.toString('latin1', 0, id.length + SUM_CHARS) === id + sumOf(compiled) ? compiled : undefined;
    },
    /** Writes atomically, even when another start does the same now. Throws if the folder is not writable. */
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
