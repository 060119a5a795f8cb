// The machines of the simulated days, each with models that people run on such a one. Sizes with a context of 8,192 tokens;
// loads from a disk that gives about 2 GB a second.
import type { Models } from './days.ts';
import type { Machine } from './gpu.ts';
import type { Model } from './job.ts';

const model = (name: string, gb: number, readMs: number, writeMs: number): Model => ({
  name,
  gb,
  loadMs: 700 + 500 * gb,
  readMs,
  writeMs,
});

const small = model('qwen2.5-coder:1.5b', 1.8, 0.05, 6);
const embed = model('nomic-embed-text', 0.6, 0.05, 0);
const middle = model('llama3.1:8b', 6.2, 0.3, 16);
const vision = model('qwen2.5vl:7b', 7.1, 0.4, 17);
const large = model('qwen2.5-coder:14b', 10.5, 0.7, 28);

/** A machine with its models by what they are for. */
export interface Setting extends Machine {
  readonly by: Models;
}

const setting = (name: string, gb: number, by: Models): Setting => ({
  name,
  gb,
  models: Object.values(by),
  by,
});

/** By the memory of their GPU. */
export const MACHINES: readonly Setting[] = [
  setting('8 GB', 8, {
    chat: model('llama3.2:3b', 3.2, 0.12, 9),
    coder: model('qwen2.5-coder:3b', 3.4, 0.13, 10),
    vision: model('gemma3:4b', 4.6, 0.2, 12),
    small,
    embed,
  }),
  setting('16 GB', 16, { chat: middle, coder: large, vision, small, embed }),
  setting('24 GB', 24, { chat: middle, coder: large, vision, small, embed }),
  setting('no GPU', 0, {
    chat: model('llama3.2:1b', 1.9, 0.8, 22),
    coder: model('qwen2.5-coder:1.5b', 1.8, 1, 28),
    vision: model('gemma3:1b', 1.6, 0.8, 20),
    small: model('qwen2.5:0.5b', 0.9, 0.4, 10),
    embed,
  }),
];
