// Long work in small pieces: between two of them everybody else gets a turn.

export function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
