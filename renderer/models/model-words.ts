// What is said about a model: its size, where it lies, how long it stays, how fast it is. Pure.
import type { ModelView } from '../../backend/contract/control.ts';
import type { SettingsView } from '../../backend/contract/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { runningRows, type Live } from '../../backend/contract/app-state.ts';
import { sameModel } from '../parts/same-model.ts';
import { keptMs, STAYS_MS } from '../parts/main-model.ts';
import { bytes, clockDuration, count, percent, roughly } from '../parts/words.ts';

/** "2.9 GB, all on the GPU, context 8,192" */
export function loadedFacts({ size, size_loaded, size_vram, context_length }: ModelView): string {
  const whole = size_loaded ?? size;
  const where =
    size_vram === null || size_loaded === null || size_loaded === 0
      ? []
      : size_vram === 0
        ? ['all in main memory']
        : size_vram >= size_loaded
          ? ['all on the GPU']
          : [`${percent(size_vram / size_loaded)} of it on the GPU`];
  const context = context_length === null ? [] : [`context ${count(context_length)}`];
  return [bytes(whole), ...where, ...context].join(', ');
}

/** "5.2 GB, 8.2B, Q4_K_M" */
export function installedFacts({ size, parameter_size, quantization }: ModelView): string {
  return [bytes(size), parameter_size, quantization].filter((fact) => fact !== null).join(', ');
}

/** What is known of its pace: "38 tokens/s, loads in 4 s". */
function paceWords({ tokens_per_s, load_ms }: ModelView): string {
  const facts = [
    ...(tokens_per_s === null ? [] : [`${count(tokens_per_s)} tokens/s`]),
    ...(load_ms === null ? [] : [`loads in ${roughly(load_ms)}`]),
  ];
  return facts.length === 0 ? 'Not used through Hearth yet' : facts.join(', ');
}

export interface Expiry {
  readonly words: string;
  /** What is left of its keep-alive, 0 to 1. */
  readonly left: number;
  /** The same for screen readers. */
  readonly label: string;
}

/** How long a loaded model stays; for one that is not loaded, how it did so far. */
export function expiryOf(model: ModelView, live: Live, settings: SettingsView, now: number): Expiry {
  const { name, loaded } = model;
  if (!loaded) return { words: paceWords(model), left: 0, label: `${name} is not loaded` };
  const keep = settings.values['ollama.keep_alive'];
  const whole = typeof keep === 'string' || typeof keep === 'number' ? keepAliveSeconds(keep) * 1000 : Number.NaN;
  const left = keptMs(model, now);
  if (left > STAYS_MS) return { words: 'Stays warm until it is unloaded', left: 1, label: `${name} stays warm` };
  const working = runningRows(live).some((entry) => sameModel(entry.model, name));
  if (working) {
    const after = whole > 0 ? `Warm for ${roughly(whole)} after this answer` : 'Stays as long as Ollama keeps it';
    return { words: after, left: 1, label: `${name}, full keep-alive` };
  }
  const share = whole > 0 ? Math.min(1, left / whole) : 1;
  return {
    words: `Warm for ${clockDuration(left)}`,
    left: share,
    label: `${name}, ${percent(share)} of its keep-alive left`,
  };
}

/** A model that is often wanted and is not here yet. */
export function pullCommand(models: readonly ModelView[]): string {
  const wanted = ['qwen3:8b', 'llama3.2:3b', 'gemma3:4b', 'nomic-embed-text'];
  const missing = wanted.find((name) => !models.some((model) => sameModel(model.name, name)));
  return `ollama pull ${missing ?? 'NAME'}`;
}
