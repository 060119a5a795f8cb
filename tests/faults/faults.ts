// All faults, run one after the other, and what came of each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CALLER_FAULTS } from './caller-faults.ts';
import type { Area, Fault, Ground } from './fault.ts';
import { DISK_FAULTS } from './disk-faults.ts';
import { KILL_FAULTS } from './kill-faults.ts';
import { LOOP_FAULTS } from './loop-faults.ts';
import { MACHINE_FAULTS } from './machine-faults.ts';
import { OLLAMA_FAULTS } from './ollama-faults.ts';
import { Stand } from './stand.ts';
import { Chance, hash } from '../support/soak/random.ts';

export const FAULTS: readonly Fault[] = [
  ...OLLAMA_FAULTS,
  ...CALLER_FAULTS,
  ...MACHINE_FAULTS,
  ...DISK_FAULTS,
  ...LOOP_FAULTS,
  ...KILL_FAULTS,
];

/** Of the short form. */
const LANES = 3;

export interface FaultsOptions {
  readonly seed: number;
  readonly kills: number;
  readonly isFull: boolean;
  /** Which of them. Default: all. */
  readonly only?: (fault: Fault) => boolean;
  onResult?(result: Result): void;
  onProgress?(progress: string): void;
}

/** `skipped`: this machine cannot show it. */
export interface Result {
  readonly area: Area;
  readonly name: string;
  readonly promise: string;
  readonly outcome: 'pass' | 'fail' | 'skipped';
  /** What was seen; what was wrong; or why it cannot be shown here. */
  readonly seen: string;
  readonly seconds: number;
}

/** Runs them, a few at the same time in the short form, since most of them wait for something. In the order of FAULTS. */
export async function runFaults({ only = () => true, onResult, ...options }: FaultsOptions): Promise<Result[]> {
  const chosen = FAULTS.filter((fault) => only(fault) && (options.isFull || fault.isLong !== true));
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < chosen.length; at = next++) {
      const fault = chosen[at];
      if (fault === undefined) return;
      const result = await one(fault, options);
      results[at] = result;
      onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: options.isFull ? 1 : LANES }, lane));
  return results;
}

async function one(fault: Fault, { seed, kills, isFull, onProgress }: FaultsOptions): Promise<Result> {
  const { area, name, promise } = fault;
  const startedAt = performance.now();
  const over = (outcome: Result['outcome'], seen: string): Result => {
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    return { area, name, promise, outcome, seen, seconds };
  };
  const reason = fault.cannot?.();
  if (reason !== undefined) return over('skipped', reason);
  const stands: Stand[] = [];
  const afterwards: (() => void | Promise<void>)[] = [];
  const ground: Ground = {
    chance: new Chance(seed ^ hash(name)),
    isFull,
    kills,
    async stand(options) {
      const stand = await Stand.open(options);
      stands.push(stand);
      return stand;
    },
    async folder() {
      const folder = await mkdtemp(join(tmpdir(), 'hearth-faults-'));
      afterwards.unshift(() => rm(folder, { recursive: true, force: true }));
      return folder;
    },
    tell: (progress) => onProgress?.(progress),
    afterwards: (work) => void afterwards.unshift(work),
  };
  const wrong: string[] = [];
  let seen = '';
  try {
    seen = await fault.run(ground);
  } catch (error) {
    wrong.push(wordsOf(error));
  }
  for (const stand of stands) await stand.close().catch((error: unknown) => wrong.push(wordsOf(error)));
  for (const work of afterwards) await work();
  return wrong.length > 0 ? over('fail', wrong.join('\n')) : over('pass', seen);
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? (error.name === 'Broken' ? error.message : String(error.stack)) : String(error);
