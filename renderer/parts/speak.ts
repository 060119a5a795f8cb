// The language of the page: of its texts, and as the document says it to screen readers.
import type { Language } from '../../backend/contract/languages.ts';
import { setLanguage } from '../../words/texts.ts';

/** What is painted from now on is in this language. */
export function speak(language: Language): void {
  setLanguage(language);
  document.documentElement.lang = language;
}
