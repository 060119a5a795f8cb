// Takes keys and passwords out of text that is shown to be copied. The log should have none; whoever pastes it somewhere must not
// depend on that. Pure.
import { fields, valueOf, type Config } from '../../backend/contract/config/config.ts';
import { HIDDEN, secretsIn } from '../../backend/contract/secret.ts';
import { KEY_PREFIX } from '../../backend/core/access/api-keys.ts';

/** Shorter ones are part of other words. */
const SHORTEST = 6;
/** One of Hearth's own keys, the user and password of an address, and what comes with a request as its key. */
const KEYS: readonly (readonly [form: RegExp, instead: string])[] = [
  [new RegExp(`${KEY_PREFIX}[\\w-]{16,}`, 'g'), HIDDEN],
  [/([a-z]+:\/\/)[^\s/?#@"']+@/gi, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
];

/** What takes out whatever the settings hold as secret now, and whatever has the form of a key. */
export function withoutKeys(config: Config): (text: string) => string {
  const secrets = fields
    .flatMap((field) => secretsIn(field.secret, valueOf(config, field)))
    .filter(({ length }) => length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);
  return (text) => {
    const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
    return KEYS.reduce((rest, [form, instead]) => rest.replace(form, instead), known);
  };
}
