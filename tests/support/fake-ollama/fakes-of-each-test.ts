// Simulated Ollamas for tests of the simulated Ollama: each is stopped after the test that started it.
import { afterEach } from 'vitest';
import { startFakeOllama, type FakeOllama, type FakeOptions } from './fake-ollama.ts';

/** To be called once in a file. What it returns starts one; a test that leaves a run or a call behind fails. */
export function fakesOfEachTest(): (options?: FakeOptions) => Promise<FakeOllama> {
  const started: FakeOllama[] = [];
  afterEach(async () => {
    for (const fake of started.splice(0)) {
      await fake.stop();
      if (fake.active + fake.open > 0) throw new Error(`left over: ${fake.active} runs, ${fake.open} calls`);
    }
  });
  return async (options) => {
    const fake = await startFakeOllama(options);
    started.push(fake);
    return fake;
  };
}
