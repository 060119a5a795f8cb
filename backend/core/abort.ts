// A signal that aborts, listened to without leaving anything behind: a signal that lives for long (a connection's, the
// process's) would keep every listener that was forgotten on it, and all that the listener holds.
// Knows nothing of what is aborted.

/**
 * Calls `act` with the signal's reason when it aborts, or at once when it has aborted already; once in any case.
 * The result takes the listener off again, and is harmless afterwards.
 */
export function onAbort(signal: AbortSignal, act: (reason: unknown) => void): () => void {
  const aborted = (): void => act(signal.reason);
  if (signal.aborted) {
    aborted();
    return () => undefined;
  }
  signal.addEventListener('abort', aborted, { once: true });
  return () => signal.removeEventListener('abort', aborted);
}

/**
 * The promise's outcome, or the signal's reason as soon as it aborts. For work that does not listen to a signal at
 * once, or that others share; what it does later is ignored.
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let off = (): void => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      off = onAbort(signal, reject);
      work.then(resolve, reject);
    });
  } finally {
    off();
  }
}

/** A signal of several others, and how to let go of them. */
export interface AnyOf {
  /** Aborts as soon as one of them does, with its reason. */
  readonly signal: AbortSignal;
  /** Takes its listeners off them again. To be called in any case. */
  dispose(): void;
}

/**
 * AbortSignal.any, but for signals that live for long: in Node 20 such a source keeps each signal that was made of it
 * (nodejs/node#54614).
 */
export function anyOf(...signals: readonly AbortSignal[]): AnyOf {
  const joined = new AbortController();
  const off = signals.map((signal) => onAbort(signal, (reason) => joined.abort(reason)));
  return {
    signal: joined.signal,
    dispose: () => {
      for (const each of off) each();
    },
  };
}

/** Does the work with a signal of several others. */
export async function withAny<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, dispose } = anyOf(...signals);
  try {
    return await work(signal);
  } finally {
    dispose();
  }
}

/**
 * Why something is aborted that nobody waits for any more. One for all: without a reason each abort makes an error, with the
 * trace of the stack, that nobody reads.
 */
export const OVER = new Error('It is over.');
