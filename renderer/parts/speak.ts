// The language of the page: of its texts, and as the document says it to screen readers.
import type { Language } from '../../backend/contract/languages.ts';
import { setLanguage } from '../../words/texts.ts';

/** What is painted from now on is in this language. */
export function speak(language: Language): void {
  setLanguage(language);
  // Said again it would have the browser look at the style of every element again.
  const root = document.documentElement;
  if (root.lang !== language) root.lang = language;
}
