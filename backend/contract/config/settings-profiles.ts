// Profiles: the user's own names for a model with preset options. Declarations only; config.ts joins all sections.
import { z } from 'zod';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { canonicalName } from '../model-name.ts';
import { field, spelled, table } from './config-field.ts';

/** Names as Ollama accepts them, without a cloud's suffix: that would send the request elsewhere. */
const nameOf = (text: string): string | undefined =>
  /^[\w][\w.:/-]{0,255}$/.test(text.trim()) && !/[:-]cloud$/i.test(text) ? text.trim() : undefined;
const modelName = () => spelled(nameOf, 'a model name').type;

const option = z.union([z.number(), z.boolean(), z.string().max(1000), z.array(z.string().max(1000)).max(64)]);

/** One profile. */
export const profileSchema = z.strictObject({
  model: modelName(),
  options: z.record(z.string().min(1).max(64), option).optional(),
  system_prompt: z.string().max(100_000).optional(),
  class: z.enum(QUEUE_CLASSES).optional(),
});
export type Profile = z.infer<typeof profileSchema>;

const MOST = 100;

/** The second of two names that are the same to Ollama, and what is allowed there; undefined if there are none. */
export function wrongProfiles(
  value: unknown,
): { readonly inside: string; readonly allowed: string; readonly got: unknown } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const before = new Map<string, string>();
  for (const name of Object.keys(value)) {
    const same = before.get(canonicalName(name));
    if (same !== undefined) {
      return { inside: `.${name}`, allowed: `another name than ${same}, since both are one to Ollama`, got: name };
    }
    before.set(canonicalName(name), name);
  }
  return undefined;
}

const profiles = table(profileSchema, modelName(), MOST, {
  allowed: `a table of at most ${MOST} names, each with model, and options, system_prompt and class (${QUEUE_CLASSES.join(', ')}) where they are wanted, as in {"fast": {"model": "llama3.2:3b", "options": {"temperature": 0}}}`,
  item: 'a profile',
});

export const models = field(
  { ...profiles, type: profiles.type.refine((entries) => wrongProfiles(entries) === undefined) },
  {
    title: 'Profiles',
    hint: 'Names of your own that every app finds among the models: each is a model with options, which go before those of a request, a system prompt for requests that bring none, and a class in line.',
    default: {},
    applies: 'live',
    advanced: true,
    env: ['HEARTH_MODELS'],
  },
);
