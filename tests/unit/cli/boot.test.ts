// How a bundle carries its program, and what it keeps of V8's work.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { boot, codeCache, type Carried } from '../../../backend/cli/boot.ts';
import { pack, unpack } from '../../../backend/cli/carried.ts';

describe('a module that carries a program', () => {
  const program = {
    id: '0123456789abcdef',
    code: "(function (require) {\n/* a comment */ return '*/*'.split('*/');\n})",
  };

  test('gives it back as it was, and says in which line it begins', () => {
    const text = pack('#!/usr/bin/env node\nrun();\n', program);
    const found = unpack(text);
    expect(found).toEqual({ ...program, linesBefore: 3 });
    expect(text.split('\n')[found.linesBefore]).toBe('(function (require) {');
  });

  test('is valid JavaScript in which the program is a comment', () => {
    expect(runInThisContext(pack('40 + 2', program))).toBe(42);
  });

  test('is not made of what has other characters than ASCII', () => {
    expect(() => pack('run();', { ...program, code: '(function () { "…" })' })).toThrow('cannot be carried');
  });
});

describe('the code that V8 made', () => {
  let prepare = Error.prepareStackTrace;
  beforeEach(() => {
    prepare = Error.prepareStackTrace;
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    Error.prepareStackTrace = prepare;
  });

  const carried: Omit<Carried, 'compiled'> = {
    code: '(function (require) { globalThis.sum = [1, 2].reduce((a, b) => a + b); })',
    id: 'id',
    file: '/p/hearth.mjs',
    linesBefore: 0,
    sourceMap: () => undefined,
  };

  test('is kept once, after a while, and used at the next start', () => {
    const kept: Buffer[] = [];
    const keep = (compiled: Buffer): void => void kept.push(compiled);
    boot({ ...carried, compiled: undefined, keep });
    expect(kept).toEqual([]);
    vi.runAllTimers();
    boot({ ...carried, compiled: kept[0], keep });
    vi.runAllTimers();
    expect(kept).toHaveLength(1);
    expect(Reflect.get(globalThis, 'sum')).toBe(3);
  });

  test('is made anew where V8 refuses it, and a place that cannot be written is no matter', () => {
    const keep = vi.fn<(compiled: Buffer) => void>(() => {
      throw new Error('read-only');
    });
    // Text of its own: what V8 has just compiled it does not look for in the code given.
    const code = '(function () { globalThis.sum = 0; })';
    boot({ ...carried, code, compiled: Buffer.from('of another V8'), keep });
    vi.runAllTimers();
    expect(keep).toHaveBeenCalledTimes(1);
  });
});

describe('the file of V8’s code', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-boot-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is for one program: another finds nothing in it', () => {
    const path = join(folder, 'cache');
    codeCache(path, 'aaaa').write(Buffer.from('code'));
    expect(codeCache(path, 'aaaa').read()?.toString()).toBe('code');
    expect(codeCache(path, 'bbbb').read()).toBeUndefined();
  });

  test('is whole or not there: where it cannot be put nothing of it is left', () => {
    const path = join(folder, 'cache');
    writeFileSync(path, 'before');
    // Below a file: ENOTDIR, which Windows calls ENOENT.
    expect(() => codeCache(join(path, 'below'), 'aaaa').write(Buffer.from('code'))).toThrow(/ENOTDIR|ENOENT/);
    expect(readFileSync(path, 'utf8')).toBe('before');
  });
});
