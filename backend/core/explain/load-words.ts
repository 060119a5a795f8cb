// Why a model was loaded, in words: for the load line of a request, for the sentence of why it was slow, and for the
// notice of models that are loaded again and again (core/models/reloads.ts). Pure.
import type { LoadReason } from './slow-facts.ts';
import { listed, time, times } from './why-words.ts';

/** The model that was loaded, and for whom. */
export interface Loaded {
  readonly model: string;
  /** Its display name. */
  readonly caller: string;
}

/** A sentence without a full stop. */
export function loadWords(reason: LoadReason, { model, caller }: Loaded): string {
  switch (reason.why) {
    case 'first':
      return `${model} was needed for the first time since Hearth started`;
    case 'expired':
      return reason.keptMs < 1000
        ? `${model} had been unloaded at once after its last answer, as its keep_alive said`
        : `${model} had been unloaded, since its keep_alive of ${time(reason.keptMs)} had run out`;
    case 'pushed_out': {
      const { by, who, times: often } = reason;
      const whose = who === undefined || who === caller ? '' : `, which ${who} asked for`;
      if (often > 1) return `${model} and ${by} push each other out of memory, ${times(often)} by now`;
      return `${model} had made room for ${by}${whose}`;
    }
    case 'options':
      return `${model} was loaded anew because ${wanted(reason, caller)}`;
    case 'unloaded':
      return `${model} had been unloaded on request`;
    case 'restarted':
      return `Ollama was started anew, so its memory was empty`;
    case 'elsewhere':
      return `another program than Hearth had unloaded ${model} or loaded it with other options`;
  }
}

/** "aider asked for num_ctx 9340 after 9102" */
function wanted({ differs, who, chosen }: LoadReason & { readonly why: 'options' }, caller: string): string {
  const whose = who === undefined || who === caller ? '' : ` for ${who}`;
  const [first, ...others] = differs;
  if (first === undefined) return `${caller} asked for it with other parameters`;
  const { name, now, before } = first;
  if (chosen && name === 'num_ctx') return `its prompt needed num_ctx ${shown(now)} after ${shown(before)}`;
  const more = others.length === 0 ? '' : `, and another ${listed(others.map((other) => other.name))}`;
  return `${caller} asked for ${now === undefined ? `no ${name}` : `${name} ${shown(now)}`} after ${shown(before)}${whose}${more}`;
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : String(value);
}

/** How to end reloads for other options; `names` are the options in which the runners differ. */
export function endOfReloads(model: string, names: readonly string[]): string {
  if (names.includes('num_ctx')) return `To end that, set num_ctx to "auto" for ${model} in ollama.models.`;
  return `To end that, let all apps ask for the same ${names.join(', ') || 'model'}.`;
}

/** How to fit a prompt that exceeds the context. */
export function endOfTruncation(model: string): string {
  return `To give it what it needs, set num_ctx to "auto" for ${model} in ollama.models.`;
}
