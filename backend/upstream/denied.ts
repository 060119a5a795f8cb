// HTTP 401, 403 and 407: Ollama, or a proxy in front of it, denies Hearth access. One rule for all routes and dialects:
// the status is kept (but 407 becomes 401, since it concerns Hearth's own connection and clients break on it), a retry
// does not help, and the message says what to set. Callers must not read it as a verdict on their own key for Hearth,
// so it has codes of its own. Pure.
import { AppError } from '../contract/errors.ts';
import { sentence } from '../contract/sentence.ts';
import type { Access } from './access.ts';
import { isPage, parsed, quote, saidBy, type Body } from './error-body.ts';
import { keySettings, urlSetting, whoIs } from './upstream-label.ts';

type DeniedStatus = 401 | 403 | 407;

/** Whether a status concerns who asks, not what is asked. */
export function isDenied(status: number): status is DeniedStatus {
  return status === 401 || status === 403 || status === 407;
}

/** The error for an answer that denied `access`. */
export function denied(access: Access, status: DeniedStatus, body: Body): AppError {
  const { text } = body;
  const said = (saidBy(text) ?? (isPage(body) ? '' : text.trim())).replace(/\.$/, '');
  const signIn = signInIn(text);
  const { begin, advice } =
    status === 403 ? forbidden(access, said) : unauthorized(access, status, signIn !== undefined);
  const end = `${advice} A key that you show to Hearth is not the reason.`;
  const why = said === '' ? sentence`${begin}. ${end}` : sentence`${begin}: ${quote(said)}. ${end}`;
  const cause = new Error(`HTTP ${status} from ${access.url}: ${quote(text).told}`);
  const native =
    signIn === undefined
      ? {}
      : { native: { status: status === 407 ? 401 : status, body: { ...signIn, error: why.told } } };
  return new AppError(status === 403 ? 'upstream_forbidden' : 'upstream_unauthorized', why, { cause, ...native });
}

interface Words {
  readonly begin: string;
  readonly advice: string;
}

function unauthorized(access: Access, status: DeniedStatus, signIn: boolean): Words {
  const { url, from } = access;
  const begin = `${whoIs(access)} at ${url}`;
  // Ollama's own 401: a model of ollama.com, and nobody has signed in (server/routes.go).
  if (signIn) return { begin: `${begin} wants somebody to sign in (HTTP ${status})`, advice: 'Then try again.' };
  return from === undefined
    ? { begin: `${begin} wants a key (HTTP ${status})`, advice: `Set ${keySettings(access)} in Hearth.` }
    : {
        begin: `${begin} does not accept the key that Hearth shows (HTTP ${status})`,
        advice: `Check ${from} in Hearth.`,
      };
}

function forbidden(access: Access, said: string): Words {
  const { url, from } = access;
  const begin = `${whoIs(access)} at ${url} refuses this gateway (HTTP 403)`;
  const key = from === undefined ? `set ${keySettings(access)} in Hearth` : `check ${from} in Hearth`;
  // Ollama sends no text when it rejects the host name it was called by (server/routes.go, allowedHostsMiddleware).
  const name = said === '' ? `Use another name in ${urlSetting(access)} if it does not accept this one; ` : '';
  return { begin, advice: `${name}${name === '' ? 'I' : 'i'}f it wants a key, ${key}.` };
}

/** The whole body if it names a sign-in address: Ollama's own client looks for that (`signin_url`). */
function signInIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const body = parsed(text);
  return typeof body === 'object' && body !== null && 'signin_url' in body ? { ...body } : undefined;
}
