// How tests wait: for a condition that has to come true, for a promise that they settle themselves, and for text on a stream.
// To compare a value that changes there is expect.poll, which shows what was found; a clock of the test needs none of them.

export interface Patience {
  /** Milliseconds from the call on. Default 20,000: what is awaited comes at once, but not on a machine that is busy. */
  readonly limitMs?: number;
  /** Milliseconds between two looks. Default 20. */
  readonly everyMs?: number;
}

type Found<T> = Exclude<T, false | undefined>;

/**
 * Resolves with what `check` found as soon as that is neither false nor undefined. Rejects with an error that names `what`
 * when it did not happen in time, and at once with what `check` throws.
 */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  { limitMs = 20_000, everyMs = 20 }: Patience = {},
): Promise<Found<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await check();
    if (found !== false && found !== undefined) return found as Found<T>;
    if (performance.now() > deadline) throw new Error(`${what}: not so after ${limitMs / 1000} s`);
    await new Promise((again) => setTimeout(again, everyMs));
  }
}

/** A promise and its settling, for a test that plays the other side. Node 20 has no Promise.withResolvers. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, resolve: (value) => settle?.resolve(value), reject: (reason) => settle?.reject(reason) };
}

/** An answer that is read while it comes. */
export interface Reading {
  /** All that was read so far. */
  readonly text: string;
  /** Reads on until `found` says yes to all the text, which it resolves with; rejects when the answer ends before. */
  until(found: (text: string) => boolean): Promise<string>;
  /** Reads to the end; resolves with all the text. */
  rest(): Promise<string>;
  /** Leaves. */
  cancel(): Promise<void>;
}

export function reading(response: Response): Reading {
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const more = async (): Promise<boolean> => {
    const { value = '', done } = await reader.read();
    text += value;
    return !done;
  };
  return {
    get text() {
      return text;
    },
    async until(found) {
      while (!found(text)) if (!(await more())) throw new Error(`the answer ended before its time: ${text}`);
      return text;
    },
    async rest() {
      while (await more());
      return text;
    },
    cancel: () => reader.cancel(),
  };
}
