// Names that mark secrets: headers, JSON fields, variables. The list covers the common names only.

/** Where a word may begin: also after a line break in JSON notation. */
export const WORD_BEGIN = '(?:(?<![\\w-])|(?<=\\\\[bfnrt]))';

/** The end of a secret's name: `api_key`, `x-api-key`, `clientSecret`, `HF_TOKEN`. */
export const SECRET_NAME = `[\\w.-]{0,64}(?:api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|secret|[_-]token|(?:access|auth|id|refresh|session|bearer)token|${WORD_BEGIN}token|passw(?:or)?d|passphrase|authorization|credentials?|cookie)`;

const WHOLE = new RegExp(`^${SECRET_NAME}$`, 'i');

/** Whether a field's name marks a secret. */
export function isSecretName(name: string): boolean {
  return WHOLE.test(name);
}
