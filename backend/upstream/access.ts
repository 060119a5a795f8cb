// The credentials that Hearth sends to Ollama, or to a proxy before it: made from the settings for every call, and kept out
// of every text. Pure.
import { unescape } from 'node:querystring';
import type { Config } from '../contract/config/config.ts';
import { HIDDEN, withoutUserinfo } from '../contract/secret.ts';
import { spellings } from './spellings.ts';
import { keySettings, urlSetting, type Whose } from './upstream-label.ts';

export interface Access extends Whose {
  /** To be sent with the call, by name in lower case. They replace what a caller sends under the same names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The settings that they come from, for a sentence; undefined when nothing is sent. */
  readonly from: string | undefined;
  /**
   * A text that came back, without the secrets that were sent, since some proxies repeat them: also as JSON, an address or a page
   * writes them, and in bytes that were read as latin1.
   */
  withoutSecrets(text: string): string;
}

/** Shorter texts are not hidden: that would spoil ordinary words. Characters. */
const SHORTEST_SECRET = 6;

/** Of several wishes for Authorization the one in `ollama.headers` counts, then the key, then the user in the address. */
export function accessOf(ollama: Config['ollama'], name?: string): Access {
  const url = withoutUserinfo(ollama.api_url);
  const own = Object.fromEntries(Object.entries(ollama.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const user = url === ollama.api_url ? undefined : userIn(ollama.api_url);
  const authorization = ollama.api_key === '' ? user?.basic : `Bearer ${ollama.api_key}`;
  const headers = authorization === undefined ? own : { authorization, ...own };
  const sent = Object.values(headers);
  const secrets = [...sent, ...sent.map(tokenIn), ollama.api_key, user?.password ?? ''];
  const from = [
    own['authorization'] !== undefined || authorization === undefined
      ? undefined
      : ollama.api_key === ''
        ? `the user and password in ${urlSetting({ name })}`
        : name === undefined
          ? 'ollama.api_key'
          : keySettings({ name }),
    Object.keys(own).length === 0 ? undefined : 'ollama.headers',
  ].filter((setting) => setting !== undefined);
  return {
    url,
    name,
    headers,
    from: from.length === 0 ? undefined : from.join(' and '),
    withoutSecrets: (text) =>
      secrets
        .filter((secret) => secret.length >= SHORTEST_SECRET)
        .flatMap(spellings)
        .reduce((all, spelling) => all.replace(spelling, HIDDEN), text),
  };
}

/** The user and password of an address, as HTTP Basic wants them (RFC 7617). */
function userIn(address: string): { readonly password: string; readonly basic: string } {
  const { username, password } = new URL(address);
  const plain = unescape(password);
  return { password: plain, basic: `Basic ${Buffer.from(`${unescape(username)}:${plain}`).toString('base64')}` };
}

/** What follows the scheme, as in "Bearer …". */
function tokenIn(value: string): string {
  return value.slice(value.lastIndexOf(' ') + 1);
}
