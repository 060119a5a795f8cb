// What is said about a model: its size, where it lies, how long it stays, how fast it is, what it can do. Pure.
import type { ModelView } from '../../backend/contract/views/control.ts';
import type { SettingsView } from '../../backend/contract/window/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { runningRows, type Live } from '../../backend/contract/views/app-state.ts';
import { listed } from '../../words/figures.ts';
import { t, type TextKey } from '../../words/texts.ts';
import { sameModel } from '../parts/same-model.ts';
import { keptMs, STAYS_MS } from '../parts/main-model.ts';
import { bytes, clockDuration, count, percent, roughly } from '../parts/words.ts';

/** "2.9 GB, all on the GPU, context 8,192" */
export function loadedFacts(model: ModelView): string {
  const { size, size_loaded, size_vram, context_length } = model;
  const whole = size_loaded ?? size;
  const where =
    size_vram === null || size_loaded === null || size_loaded === 0
      ? []
      : size_vram === 0
        ? [t('models.in_main_memory')]
        : size_vram >= size_loaded
          ? [t('models.on_gpu')]
          : [t('models.partly_on_gpu', { share: percent(size_vram / size_loaded) })];
  const context = context_length === null ? [] : [t('models.context', { tokens: count(context_length) })];
  return [bytes(whole), ...where, ...context, ...machinesOf(model)].join(', ');
}

/** "5.2 GB, chat, thinking" */
export function installedFacts(model: ModelView): string {
  const { size, capabilities, remote } = model;
  const where = remote ? t('models.elsewhere') : bytes(size);
  return [where, ...abilities(capabilities), ...machinesOf(model)].join(', ');
}

/** Of several machines those that have it: "on desktop and laptop". */
function machinesOf({ upstreams = [] }: ModelView): string[] {
  return upstreams.length === 0 ? [] : [t('models.on_machines', { machines: listed(upstreams) })];
}

/** Ollama's words for what a model can do; others are said as they are. */
const ABILITIES: Readonly<Record<string, TextKey>> = {
  completion: 'models.can_chat',
  embedding: 'models.can_embed',
  tools: 'models.can_tools',
  vision: 'models.can_vision',
  thinking: 'models.can_think',
  insert: 'models.can_insert',
  audio: 'models.can_audio',
};

export function abilities(capabilities: ModelView['capabilities']): string[] {
  return (capabilities ?? []).map((name) => {
    const key = ABILITIES[name];
    return key === undefined ? name : t(key);
  });
}

/** What is known of its pace: "38 tokens/s, loads in 4 s"; `reads`: tokens of prompts a second. */
export function paceWords({ tokens_per_s, load_ms }: ModelView, reads: number | null = null): string {
  const facts = [
    ...(tokens_per_s === null ? [] : [t('models.pace', { n: count(tokens_per_s) })]),
    ...(reads === null ? [] : [t('models.reads', { n: count(reads) })]),
    ...(load_ms === null ? [] : [t('models.loads_in', { time: roughly(load_ms) })]),
  ];
  return facts.length === 0 ? t('models.not_used') : facts.join(', ');
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
  if (!loaded) return { words: paceWords(model), left: 0, label: t('models.label_not_loaded', { model: name }) };
  const keep = settings.values['ollama.keep_alive'];
  const whole = typeof keep === 'string' || typeof keep === 'number' ? keepAliveSeconds(keep) * 1000 : Number.NaN;
  const left = keptMs(model, now);
  if (left > STAYS_MS) return { words: t('models.stays'), left: 1, label: t('models.label_stays', { model: name }) };
  if (isAnswering(live, name)) {
    const after = whole > 0 ? t('models.warm_after', { time: roughly(whole) }) : t('models.stays_as_ollama');
    return { words: after, left: 1, label: t('models.label_full', { model: name }) };
  }
  const share = whole > 0 ? Math.min(1, left / whole) : 1;
  return {
    words: t('models.warm_for', { time: clockDuration(left) }),
    left: share,
    label: t('models.label_left', { model: name, share: percent(share) }),
  };
}

/** Whether an answer of it is under way. */
export function isAnswering(live: Live, name: string): boolean {
  return runningRows(live).some((entry) => sameModel(entry.model, name));
}

/** Models that are often wanted and are not here yet. */
export function wantedModels(models: readonly ModelView[]): string[] {
  const wanted = ['llama3.2:3b', 'qwen3:8b', 'gemma3:4b', 'nomic-embed-text'];
  return wanted.filter((name) => !models.some((model) => sameModel(model.name, name)));
}
