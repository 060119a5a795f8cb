// Listens to an abort signal without leaking listeners. A signal that lives long (a connection's, the process's) would
// keep every forgotten listener, and all that it references. Independent of what is aborted.

/**
 * Calls `act` exactly once with the signal's reason: when it aborts, or at once if it has aborted already. The result
 * removes the listener; calling it later is harmless.
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
 * The promise's outcome, or the signal's reason as soon as it aborts. For work that does not react to a signal at once,
 * or that others share. A later outcome is ignored.
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

/** A signal that combines several others, and how to release it. */
export interface AnyOf {
  /** Aborts as soon as one of the others does, with its reason. */
  readonly signal: AbortSignal;
  /** Removes its listeners from the others. Always call it. */
  dispose(): void;
}

/**
 * AbortSignal.any for signals that live long: in Node 20 such a source keeps every signal that was made from it
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

/** Does the work with a signal that combines several others. */
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
 * The abort reason for work that nobody waits for any more. One shared error: without a reason, each abort would create
 * an error with a stack trace that nobody reads.
 */
export const OVER = new Error('It is over.');
