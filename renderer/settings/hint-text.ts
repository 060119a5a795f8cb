// What a setting means, in the words of the form: where its hint names another setting by its key, as a file has it, the
// form shows the label of that one, and a way to it. Pure.
import type { FieldInfo } from '../../backend/contract/config/config.ts';
import { fieldsInOwnWords } from '../../words/field-words.ts';
import { t } from '../../words/texts.ts';

/** A piece of a hint; with `path`, the label of another setting. */
export interface HintPiece {
  readonly text: string;
  readonly path?: string;
}

/** A hint, or any other sentence with keys in it. */
export function hintPieces(hint: string): HintPiece[] {
  return hint
    .split(/\b([a-z_]+\.[a-z_]+)\b/)
    .map((text, i) => {
      const named =
        i % 2 === 1 ? fieldsInOwnWords().find(({ path, inert }) => path === text && inert === undefined) : undefined;
      return named === undefined ? { text } : { text: t('settings.named', { title: named.title }), path: text };
    })
    .filter(({ text }) => text !== '');
}

/** The hint of a setting as it is read. */
export function hintText({ hint }: FieldInfo): string {
  return hintPieces(hint)
    .map(({ text }) => text)
    .join('');
}
