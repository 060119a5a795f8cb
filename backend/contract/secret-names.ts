// Names of what is secret: headers, fields of JSON, variables. It cannot know every one, but those in common use.

/** Where a word may begin: also after a new line as JSON writes it. */
export const WORD_BEGIN = '(?:(?<![\\w-])|(?<=\\\\[bfnrt]))';

/** The end of names of what is secret: `api_key`, `x-api-key`, `clientSecret`, `HF_TOKEN`. */
export const SECRET_NAME = `[\\w.-]{0,64}(?:api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|secret|[_-]token|(?:access|auth|id|refresh|session|bearer)token|${WORD_BEGIN}token|passw(?:or)?d|passphrase|authorization|credentials?|cookie)`;

const WHOLE = new RegExp(`^${SECRET_NAME}$`, 'i');

/** Whether a field holds a secret, by its name. */
export function isSecretName(name: string): boolean {
  return WHOLE.test(name);
}
