// What the demo's simulated Ollama has installed, what can be pulled, and how fast its models read and write.
import type { FakeModel } from '../fake-ollama/fake-ollama.ts';

/** Milliseconds that a gigabyte takes to be loaded: long enough to be seen. */
const LOAD_MS_A_GB = 900;

function model(
  name: string,
  gigabytes: number,
  capabilities: readonly string[],
  details: NonNullable<FakeModel['details']>,
): FakeModel {
  return { name, size: gigabytes * 1e9, loadMs: gigabytes * LOAD_MS_A_GB, capabilities, details };
}

/** The everyday model, another one for code, and one for vectors. */
export const CHAT = 'llama3.2:latest';
export const CODE = 'qwen2.5-coder:7b';
const EMBED = 'nomic-embed-text:latest';
/** Installed, but larger than the memory. */
export const TOO_LARGE = 'llama3.3:70b';
/** Asked for by an app that nobody told which models there are. */
export const NOT_INSTALLED = 'llama3.1:8b';

export const INSTALLED: readonly FakeModel[] = [
  model(CHAT, 2.019, ['completion', 'tools'], { family: 'llama', parameter_size: '3.2B' }),
  model(CODE, 4.683, ['completion', 'tools'], { family: 'qwen2', parameter_size: '7.6B', context_length: 32_768 }),
  model('deepseek-r1:8b', 5.225, ['completion', 'thinking'], { family: 'qwen3', parameter_size: '8.2B' }),
  model(EMBED, 0.274, ['embedding'], {
    family: 'nomic-bert',
    parameter_size: '137M',
    quantization_level: 'F16',
    context_length: 2048,
    embedding_length: 768,
  }),
  {
    ...model(TOO_LARGE, 42.52, ['completion', 'tools'], { family: 'llama', parameter_size: '70.6B' }),
    loadMs: 1200,
    loadError: 'model requires more system memory (41.6 GiB) than is available (13.2 GiB)',
  },
];

/** Pulled one after the other. */
export const REGISTRY: readonly FakeModel[] = [
  model('gemma3:4b', 3.339, ['completion', 'vision'], { family: 'gemma3', parameter_size: '4.3B' }),
  model('phi4-mini:latest', 2.492, ['completion', 'tools'], { family: 'phi3', parameter_size: '3.8B' }),
  model('qwen3:4b', 2.497, ['completion', 'thinking', 'tools'], { family: 'qwen3', parameter_size: '4.0B' }),
];
