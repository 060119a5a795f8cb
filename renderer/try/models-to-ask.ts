// Which models can be asked, and which one is meant until somebody chooses. Pure.
import type { Live } from '../../backend/contract/views/app-state.ts';
import { defaultChoices, proposal } from '../parts/default-model.ts';

export interface ModelsToAsk {
  readonly names: readonly string[];
  /** The one that was chosen, as long as it is there; else the default, or the one that would be proposed for it. */
  readonly model: string;
}

/** `profiles`: the setting `models`, whose names apps find among the models. */
export function modelsToAsk(live: Live, profiles: unknown, chosen: string | undefined): ModelsToAsk {
  const own = typeof profiles === 'object' && profiles !== null ? Object.keys(profiles) : [];
  const names = [...new Set([...defaultChoices(live).map(({ name }) => name), ...own])];
  // While Ollama is away there is no list, and what is asked then says so.
  const usual = proposal(live)?.name ?? live.health.upstream.model;
  const model = chosen !== undefined && names.includes(chosen) ? chosen : usual;
  return { names: names.includes(model) ? names : [model, ...names], model };
}
