// All trials, one after the other, and what came of each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broken } from '../faults/fault.ts';
import { Chance, hash } from '../support/soak/random.ts';
import { CUT_OFF } from './cut-off-trial.ts';
import { SHARED_HIT, THROUGHPUT } from './figure-trials.ts';
import { Fleet } from './whole-fleet.ts';
import { KILLS } from './kill-trial.ts';
import { MACHINE_TRIALS } from './machine-trials.ts';
import type { Network } from './network.ts';
import type { Figure, Trial } from './fleet-trial.ts';
import { VALKEY_TRIALS } from './valkey-trials.ts';

export const TRIALS: readonly Trial[] = [SHARED_HIT, THROUGHPUT, CUT_OFF, ...VALKEY_TRIALS, ...MACHINE_TRIALS, KILLS];

export interface TrialsOptions {
  readonly seed: number;
  readonly kills: number;
  readonly isFull: boolean;
  /** Which of them. */
  only(trial: Trial): boolean;
  say(text: string): void;
  onResult(result: Result): void;
}

export interface Result {
  readonly name: string;
  readonly promise: string;
  readonly isKept: boolean;
  /** What was seen, or what was wrong. */
  readonly seen: string;
  readonly figures: readonly Figure[];
  readonly seconds: number;
}

/** Runs them in their order. Throws nothing. */
export async function runTrials(network: Network, options: TrialsOptions): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const trial of TRIALS.filter((each) => options.only(each))) {
    const result = await one(network, trial, options);
    results.push(result);
    options.onResult(result);
  }
  return results;
}

async function one(network: Network, trial: Trial, { seed, kills, isFull, say }: TrialsOptions): Promise<Result> {
  const { name, promise } = trial;
  const startedAt = performance.now();
  const fleets: Fleet[] = [];
  const folders: string[] = [];
  const wrong: string[] = [];
  let seen = '';
  let figures: readonly Figure[] = [];
  try {
    const ground = {
      chance: new Chance(seed ^ hash(name)),
      isFull,
      kills,
      say,
      async folder() {
        const folder = await mkdtemp(join(tmpdir(), 'hearth-trial-'));
        folders.push(folder);
        return folder;
      },
      async fleet(options = {}) {
        const fleet = await Fleet.open(network, options);
        fleets.push(fleet);
        return fleet;
      },
    } satisfies Parameters<Trial['run']>[0];
    ({ seen, figures = [] } = await trial.run(ground));
  } catch (error) {
    wrong.push(wordsOf(error));
  }
  for (const fleet of fleets) await fleet.close().catch((error: unknown) => wrong.push(wordsOf(error)));
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  const took = Math.round((performance.now() - startedAt) / 100) / 10;
  const isKept = wrong.length === 0;
  return { name, promise, isKept, seen: isKept ? seen : wrong.join('\n'), figures, seconds: took };
}

const wordsOf = (error: unknown): string =>
  error instanceof Broken ? error.message : error instanceof Error ? String(error.stack) : String(error);
