// Loads a runner for a request, and reports how long that took and why it was needed.
import { loadWords } from '../../explain/load-words.ts';
import type { LoadReasons, Who } from '../../models/load-reasons.ts';
import type { Residency } from '../../models/residency.ts';
import type { RunnerSpec } from '../../ports.ts';
import type { Estimator } from '../../queue/estimate.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import type { Load } from '../../requests/trace.ts';

export interface ReadyParts {
  readonly residency: Residency;
  readonly reasons: LoadReasons;
  readonly estimator: Estimator;
  readonly queue: LeaseQueue;
  /** Whether the machine is a Hearth, which loads the model itself when the request's turn comes. Absent means no. */
  isHearth?(): boolean;
}

/** Who needs the runner, and how long it should stay loaded. */
export interface Needed {
  readonly who: Who;
  readonly keepAlive: number | undefined;
  /** Whether Hearth chose its num_ctx. */
  readonly chosen?: boolean;
}

/** Resolves when the runner is ready. Rejects as Residency.ensure does. */
export async function madeReady(
  { residency, reasons, estimator, queue, isHearth }: ReadyParts,
  spec: RunnerSpec,
  { who, keepAlive, chosen = false }: Needed,
  signal: AbortSignal,
): Promise<Load> {
  if (isHearth?.() === true) return { ms: 0 };
  const usualMs = estimator.loadMs(spec.model);
  reasons.asks(spec, who);
  const ms = await residency.ensure(spec, keepAlive, queue, signal);
  const reason = ms === 0 ? undefined : reasons.of(spec, who, chosen);
  if (reason === undefined) return { ms };
  const why = loadWords(reason, { model: spec.model, caller: who.caller });
  return { ms, why, reason, ...(usualMs > 0 ? { usualMs } : {}) };
}
