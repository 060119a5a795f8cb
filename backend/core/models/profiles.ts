// Profiles: names of one's own that stand for a model, with options, a system prompt and a class in line. A request that names
// one is put in other words before anything is done with it, so that it is the same question as one that says all of it. Pure.
import type { Config } from '../../contract/config/config.ts';
import type { Profile } from '../../contract/config/settings-profiles.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { named } from './names.ts';
import type { Family, UpstreamRequest } from '../ports.ts';

type Profiles = Config['models'];
type Known = Profiles[string];
/** With its name as the settings have it: others may spell it with what no header can hold. */
type Named = Known & { readonly name: string };

/** By canonical name; made once for each configuration. */
const byName = new WeakMap<Profiles, ReadonlyMap<string, Named>>();

/** The profile of a name, spelled as Ollama lets names be spelled. It goes before an installed model of the same name. */
export function profileNamed(profiles: Profiles, name: string): Named | undefined {
  let known = byName.get(profiles);
  if (known === undefined) {
    const all = Object.entries(profiles).map(([own, each]) => [canonicalName(own), { ...each, name: own }] as const);
    byName.set(profiles, (known = new Map(all)));
  }
  return known.size === 0 ? undefined : known.get(canonicalName(name));
}

/** The model that a name means. A profile's model is never a profile again. */
export function meantModel(profiles: Profiles, name: string): string {
  return profileNamed(profiles, name)?.model ?? name;
}

/** The installed models with an entry for each profile whose model is there, in the place of one of the same name. */
export function withProfiles<M extends { readonly name: string }>(installed: readonly M[], profiles: Profiles): M[] {
  const own = Object.entries(profiles).flatMap(([name, { model }]) => {
    const stands = named(model, installed);
    return stands === undefined ? [] : [{ ...stands, name }];
  });
  return [...own, ...installed.filter(({ name }) => named(name, own) === undefined)];
}

/**
 * The request that a profile makes of one. Its options go before the caller's: the name was chosen for them, and on OpenAI's
 * routes a caller that says nothing sends temperature and top_p. Its system prompt is for requests that bring none.
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

/** The system prompt where the family has it. A request that only loads a model stays empty. */
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
