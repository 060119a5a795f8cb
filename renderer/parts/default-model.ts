// Which installed models may be the default, for requests that name none, and which one to propose. Pure.
import type { ModelView } from '../../backend/contract/views/control.ts';
import type { Live } from '../../backend/contract/views/app-state.ts';
import { t } from '../../words/texts.ts';
import { sameModel } from './same-model.ts';

/** A model of which Ollama tells nothing is taken for one that chats: most do. */
const canChat = ({ capabilities }: ModelView): boolean => capabilities === null || capabilities.includes('completion');

/** What keeps a model from being proposed, to stand behind its name; undefined when nothing does. */
export function unfitWords(model: ModelView): string | undefined {
  if (!canChat(model)) return t('parts.unfit_chat');
  return model.remote ? t('parts.unfit_remote') : undefined;
}

/** A model of ollama.com that was set by hand was meant. */
const isSet = (model: ModelView, { health }: Live): boolean =>
  sameModel(model.name, health.upstream.model) && canChat(model);

/** The models to choose a default from: those that are fit, and the one that is set. */
export function defaultChoices(live: Live): ModelView[] {
  return live.models.filter((model) => unfitWords(model) === undefined || isSet(model, live));
}

export interface Proposal {
  readonly name: string;
  /** Why this one, as a sentence; empty when it is the one that is set. */
  readonly why: string;
}

/**
 * The default to begin with: the one that is set, if it is installed; else one that is in memory, which surely fits this
 * machine; else the one that was installed last (Ollama lists the newest first). Undefined when no model is fit.
 */
export function proposal(live: Live): Proposal | undefined {
  const set = live.models.find((model) => isSet(model, live));
  if (set !== undefined) return { name: set.name, why: '' };
  const fit = live.models.filter((model) => unfitWords(model) === undefined);
  const [newest, ...others] = fit;
  if (newest === undefined) return undefined;
  if (others.length === 0) return { name: newest.name, why: t('parts.only_model') };
  const loaded = fit.find((model) => model.loaded);
  if (loaded !== undefined) return { name: loaded.name, why: t('parts.model_in_memory', { model: loaded.name }) };
  return { name: newest.name, why: t('parts.model_newest', { model: newest.name }) };
}
