// Which model the window speaks of, and how long it stays. Pure.
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { ModelView } from '../../backend/contract/views/control.ts';
import { sameModel } from './same-model.ts';

/** The model that the window speaks of: the default when it is loaded, else whichever is, else the default. */
export function mainModel({ models, health }: Live): ModelView | undefined {
  const own = (name: string): boolean => sameModel(name, health.upstream.model);
  const loaded = models.filter((model) => model.loaded);
  return loaded.find(({ name }) => own(name)) ?? loaded[0] ?? models.find(({ name }) => own(name));
}

/** Ollama writes "forever" as a time centuries ahead. */
export const STAYS_MS = 10 * 365 * 86_400_000;

/** Milliseconds until Ollama unloads a model by itself. */
export function keptMs(model: ModelView, now: number): number {
  return model.expires_at === null ? 0 : Math.max(0, Date.parse(model.expires_at) - now);
}
