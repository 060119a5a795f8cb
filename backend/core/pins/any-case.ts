// Patterns for words of many languages that are quick to make and to use. The flag `i` beside `\p{L}` costs tens of milliseconds for
// each pattern when it is first used, since all letters of Unicode are folded for each class; `u` makes each use slower. Pure.

/** Letters of the languages that are written with blanks, and digits, as members of a class. */
export const LETTERS = 'A-Za-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u024f\\u0370-\\u052f\\u1e00-\\u1fff';
export const LETTERS_AND_DIGITS = `${LETTERS}0-9`;

/** What is no letter of a word: a class, a reference, the head of a group, an escape. */
const TOKEN = /\(\?<?[a-z]*[=!>:]|\\k<\w+>|\\.|\[[^\]]+\]|\p{L}/giu;

/** A pattern's source for its letters small or capital. Its classes name letters one by one: of a range of them nothing would be made. */
export function anyCase(source: string): string {
  return source.replaceAll(TOKEN, (token) => {
    if (token.startsWith('[')) return token.replaceAll(/\\.|\p{L}/gu, bothCases);
    const both = bothCases(token);
    return both === token ? token : `[${both}]`;
  });
}

/** A letter in both, where it has both; anything else as it is. */
function bothCases(token: string): string {
  const [small, capital] = [token.toLowerCase(), token.toUpperCase()];
  return token.length > 1 || small === capital || capital.length > 1 ? token : `${small}${capital}`;
}
