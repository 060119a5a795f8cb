// Splits long work into small pieces: other work gets a turn in between.

export function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
