// Profiles: user-defined names for a model with options, a system prompt and a queue class. A request that names one is
// rewritten before anything else, so it is the same question as one that spells everything out. Pure.
import type { Config } from '../../contract/config/config.ts';
import type { Profile } from '../../contract/config/settings-profiles.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { named } from './names.ts';
import type { Family, UpstreamRequest } from '../ports.ts';

type Profiles = Config['models'];
type Known = Profiles[string];
/** With its name as in the settings; a caller may spell it with characters that no header can hold. */
type Named = Known & { readonly name: string };

/** By canonical name; made once for each configuration. */
const byName = new WeakMap<Profiles, ReadonlyMap<string, Named>>();

/**
 * The profile of a name, in any spelling that Ollama allows. It takes precedence over an installed model of that name.
 */
export function profileNamed(profiles: Profiles, name: string): Named | undefined {
  let known = byName.get(profiles);
  if (known === undefined) {
    const all = Object.entries(profiles).map(([own, each]) => [canonicalName(own), { ...each, name: own }] as const);
    byName.set(profiles, (known = new Map(all)));
  }
  return known.size === 0 ? undefined : known.get(canonicalName(name));
}

/** The model that a name means. A profile's model is never a profile itself. */
export function meantModel(profiles: Profiles, name: string): string {
  return profileNamed(profiles, name)?.model ?? name;
}

/**
 * The installed models, with an entry for each profile whose model is installed; it replaces a model of the same name.
 */
export function withProfiles<M extends { readonly name: string }>(installed: readonly M[], profiles: Profiles): M[] {
  const own = Object.entries(profiles).flatMap(([name, { model }]) => {
    const stands = named(model, installed);
    return stands === undefined ? [] : [{ ...stands, name }];
  });
  return [...own, ...installed.filter(({ name }) => named(name, own) === undefined)];
}

/**
 * The request with a profile applied. Its options override the caller's: the name was chosen for them, and OpenAI's
 * routes send temperature and top_p by default. Its system prompt is for requests that have none.
 */
export function applied<R extends UpstreamRequest>(
  request: R,
  { model, options, system_prompt: prompt = '' }: Readonly<Omit<Profile, 'options'>> & Pick<Known, 'options'>,
  family?: Family,
): R {
  const merged = options === undefined ? request.options : { ...request.options, ...options };
  return {
    ...request,
    model,
    ...(merged === undefined ? {} : { options: merged }),
    ...(prompt === '' ? {} : prompted(request, prompt, family)),
  };
}

/** The system prompt in the form of the family. A request that only loads a model stays empty. */
function prompted(
  { messages, prompt, system, raw }: UpstreamRequest,
  said: string,
  family: Family | undefined,
): object {
  if (family === 'chat') {
    const list = Array.isArray(messages) ? (messages as readonly { readonly role?: unknown }[]) : [];
    if (list.length === 0 || list.some(({ role }) => role === 'system')) return {};
    return { messages: [{ role: 'system', content: said }, ...list] };
  }
  const isFree = (system ?? '') === '' && raw !== true && typeof prompt === 'string' && prompt !== '';
  return family === 'generate' && isFree ? { system: said } : {};
}
