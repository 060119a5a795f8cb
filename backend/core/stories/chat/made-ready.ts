// Having a runner loaded for somebody: how long that took, and why it had to be done.
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
  /** It is a Hearth, and loads what it needs when the turn of a request comes there. Absent: it is not. */
  isHearth?(): boolean;
}

/** For whom, and how long it is to stay. */
export interface Needed {
  readonly who: Who;
  readonly keepAlive: number | undefined;
  /** Its num_ctx is Hearth's choice. */
  readonly chosen?: boolean;
}

/** Resolves when the runner stands ready. Rejects as Residency.ensure does. */
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
