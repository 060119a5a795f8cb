// The credentials that Hearth sends to Ollama, or to a proxy in front of it: read from the settings for every call, and
// removed from every text. Pure.
import { unescape } from 'node:querystring';
import type { Config } from '../contract/config/config.ts';
import { HIDDEN, withoutUserinfo } from '../contract/secret.ts';
import { spellings } from './spellings.ts';
import { keySettings, urlSetting, type Whose } from './upstream-label.ts';

export interface Access extends Whose {
  /** Headers to send with the call, by name in lower case. They replace the caller's headers of the same names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The settings that the headers come from, for an error message; undefined when nothing is sent. */
  readonly from: string | undefined;
  /**
   * Removes the credentials from a text that came back, since some proxies repeat them: also as JSON, a URL or HTML
   * writes them, and in bytes that were decoded as latin1.
   */
  withoutSecrets(text: string): string;
}

/** Shorter secrets are not removed: that would damage ordinary words. Characters. */
const SHORTEST_SECRET = 6;

/** Reads the credentials. For Authorization `ollama.headers` wins, then the key, then the user in the URL. */
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

/** User and password of a URL, encoded for HTTP Basic (RFC 7617). */
function userIn(address: string): { readonly password: string; readonly basic: string } {
  const { username, password } = new URL(address);
  const plain = unescape(password);
  return { password: plain, basic: `Basic ${Buffer.from(`${unescape(username)}:${plain}`).toString('base64')}` };
}

/** The part after the scheme, as in "Bearer …". */
function tokenIn(value: string): string {
  return value.slice(value.lastIndexOf(' ') + 1);
}
