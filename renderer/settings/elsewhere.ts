// Where to look for what no setting is about: said where a search finds none. Pure.
import { t } from '../../words/texts.ts';

/** What people look for in vain: each has its words, and where it is, in the languages' files. */
const PLACES = ['gpu', 'options', 'models', 'look'] as const;

/** The sentence for the words of a search, which are in lower case. */
export function whereToLook(search: readonly string[]): string {
  const place = PLACES.find((name) => {
    const known = t(`settings.elsewhere.${name}.words`).toLowerCase().split(' ');
    return search.some((word) => known.some((each) => each.startsWith(word) || word.startsWith(each)));
  });
  return place === undefined ? t('settings.elsewhere.other') : t(`settings.elsewhere.${place}.say`);
}
