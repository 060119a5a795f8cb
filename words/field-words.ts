// What a form says of a setting, in the language that is set. English has it where the setting is declared.
import { fields, type FieldInfo } from '../backend/contract/config/config.ts';
import type { Language } from '../backend/contract/languages.ts';
import { language, ownText } from './texts.ts';

/** The setting with label, meaning, bounds in words, choices and name of an item in the language that is set, by its path under `fields`. */
export function inOwnWords(field: FieldInfo): FieldInfo {
  const own = (part: string, english: string): string => ownText(`fields.${field.path}.${part}`) ?? english;
  const { brief, choices, item, inert } = field;
  return {
    ...field,
    title: own('title', field.title),
    hint: own('hint', field.hint),
    allowed: own('allowed', field.allowed),
    ...(brief === undefined ? {} : { brief: own('brief', brief) }),
    ...(inert === undefined ? {} : { inert: own('inert', inert) }),
    ...(item === undefined ? {} : { item: own('item', item) }),
    ...(choices === undefined
      ? {}
      : { choices: choices.map(({ value, label }) => ({ value, label: own(`choices.${value}`, label) })) }),
  };
}

const made = new Map<Language, readonly FieldInfo[]>();

/** Every setting, in the order of the form. */
export function fieldsInOwnWords(): readonly FieldInfo[] {
  const now = language();
  let said = made.get(now);
  if (said === undefined) made.set(now, (said = fields.map(inOwnWords)));
  return said;
}
