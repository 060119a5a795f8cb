// The simulated Ollama of the demo and of the pictures: what is installed, how fast it is, and that it says what it is.
import type { FakeOptions } from '../fake-ollama/fake-ollama.ts';
import { INSTALLED, REGISTRY } from './demo-models.ts';
import { demoRunner } from './demo-runner.ts';

/** `speed` 1: at the pace of a real one; 10: ten times as fast. */
export function demoOllama(speed: number): FakeOptions {
  const faster = <M extends { readonly loadMs?: number }>(model: M): M => ({
    ...model,
    loadMs: (model.loadMs ?? 0) / speed,
  });
  return {
    models: INSTALLED.map(faster),
    registry: REGISTRY.map(faster),
    answer: demoRunner(speed),
    version: '0.33.0-simulated',
  };
}
