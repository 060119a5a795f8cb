// A profile as it is typed, and back: its usual options have fields, the others stand as JSON. Pure.
import { QUEUE_CLASSES, type QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { Profile } from '../../backend/contract/config/settings-profiles.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { count } from '../../words/figures.ts';
import { shownAmount, typedAmount } from '../parts/typed-amount.ts';
import { t } from '../../words/texts.ts';

export type Profiles = Readonly<Record<string, Profile>>;

/** The setting `models`; main has checked it on its way here. */
export function profilesIn(settings: View['settings']): Profiles {
  return (settings.values['models'] ?? {}) as Profiles;
}

/** What is in the fields. Empty: not said. */
export interface TypedProfile {
  readonly name: string;
  readonly model: string;
  readonly context: string;
  readonly temperature: string;
  readonly prompt: string;
  readonly class: QueueClass | '';
  /** The other options, as JSON. */
  readonly options: string;
}

/** Options with fields of their own. */
const OWN = { num_ctx: 'context', temperature: 'temperature' } as const;

export function typedOf(name: string, profile: Profile | undefined, model: string): TypedProfile {
  const { num_ctx, temperature, ...others } = profile?.options ?? {};
  const text = (value: unknown): string => {
    if (typeof value === 'number') return shownAmount(value, undefined);
    return value === undefined ? '' : String(value);
  };
  return {
    name,
    model: profile?.model ?? model,
    context: text(num_ctx),
    temperature: text(temperature),
    prompt: profile?.system_prompt ?? '',
    class: profile?.class ?? '',
    options: Object.keys(others).length === 0 ? '' : JSON.stringify(others),
  };
}

export type ReadProfile =
  | { readonly profile: Profile; readonly wrong?: undefined }
  | { readonly wrong: keyof TypedProfile; readonly why: string };

/** What was typed as the setting takes it, or what is wrong with it. The gateway has the last word. */
export function profileOf(typed: TypedProfile, others: readonly string[]): ReadProfile {
  const name = typed.name.trim();
  if (name === '') return { wrong: 'name', why: t('models.profile_needs_name') };
  if (others.includes(name)) return { wrong: 'name', why: t('models.profile_twice', { name }) };
  if (typed.model.trim() === '') return { wrong: 'model', why: t('models.profile_needs_model') };
  const options: Record<string, unknown> = {};
  for (const [option, field] of Object.entries(OWN)) {
    const text = typed[field].trim();
    if (text === '') continue;
    const value = typedAmount(text, undefined);
    if (value === undefined) return { wrong: field, why: t('models.profile_number') };
    if (field === 'context' && !(Number.isInteger(value) && value > 0)) {
      return { wrong: field, why: t('models.profile_whole_number') };
    }
    options[option] = value;
  }
  const more = typed.options.trim() === '' ? {} : objectIn(typed.options);
  if (more === undefined) return { wrong: 'options', why: t('models.profile_json') };
  const all = { ...more, ...options };
  return {
    profile: {
      model: typed.model.trim(),
      // The setting's own schema checks the values.
      ...(Object.keys(all).length === 0 ? {} : { options: all as NonNullable<Profile['options']> }),
      ...(typed.prompt.trim() === '' ? {} : { system_prompt: typed.prompt.trim() }),
      ...(typed.class === '' ? {} : { class: typed.class }),
    },
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

export const CLASSES: readonly QueueClass[] = QUEUE_CLASSES;

/** "llama3.2:3b, temperature 0, context 8,192" */
export function profileFacts({ model, options = {} }: Profile): string {
  const { num_ctx, temperature, ...others } = options;
  const more = Object.entries(others).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const said = [
    ...(temperature === undefined ? [] : [t('models.temperature', { n: String(temperature) })]),
    ...(num_ctx === undefined
      ? []
      : [t('models.context', { tokens: typeof num_ctx === 'number' ? count(num_ctx) : String(num_ctx) })]),
    ...more,
  ];
  return [model, ...(said.length === 0 ? [t('models.as_sent')] : said)].join(', ');
}
