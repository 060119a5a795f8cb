// Options without effect at Ollama's default value, unless the Modelfile sets them. Pure.
import type { UpstreamRequest } from '../ports.ts';

const IDLE: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['stop', (value) => Array.isArray(value) && value.length === 0],
  ['presence_penalty', (value) => value === 0],
  ['frequency_penalty', (value) => value === 0],
]);

/** Whether a request has such options, so that its Modelfile matters. */
export function hasIdle({ options = {} }: UpstreamRequest): boolean {
  return [...IDLE].some(([name, idle]) => idle(options[name]));
}

/** The options without those that have no effect; `parameters` are those that the Modelfile sets. */
export function withoutIdle(
  options: NonNullable<UpstreamRequest['options']>,
  parameters: { has(name: string): boolean },
): NonNullable<UpstreamRequest['options']> {
  const idle = (name: string, value: unknown): boolean => IDLE.get(name)?.(value) === true && !parameters.has(name);
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => !idle(name, value)));
}
