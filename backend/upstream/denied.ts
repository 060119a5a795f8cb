// HTTP 401, 403 and 407: Ollama, or a proxy before it, does not let Hearth in. One rule for all routes and dialects: the
// status stays (but 407 is told as 401, since it is about Hearth's connection and clients break on it), another try does not help, and the sentence says what to set. Nobody must take it for a word about the key that he
// shows to Hearth, so it has codes of its own. Pure.
import { AppError } from '../contract/errors.ts';
import { sentence } from '../contract/sentence.ts';
import type { Access } from './access.ts';
import { isPage, parsed, quote, saidBy, type Body } from './error-body.ts';
import { keySettings, urlSetting, whoIs } from './upstream-label.ts';

type DeniedStatus = 401 | 403 | 407;

/** Whether an answer is about who asks, not about what is asked. */
export function isDenied(status: number): status is DeniedStatus {
  return status === 401 || status === 403 || status === 407;
}

/** The answer of somebody who was shown `access`, as a failure. */
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
  // Ollama says nothing where it does not know the name by which it was called (server/routes.go, allowedHostsMiddleware).
  const name = said === '' ? `Use another name in ${urlSetting(access)} if it does not accept this one; ` : '';
  return { begin, advice: `${name}${name === '' ? 'I' : 'i'}f it wants a key, ${key}.` };
}

/** The whole body where it says where one signs in: Ollama's own client looks for that (`signin_url`). */
function signInIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const body = parsed(text);
  return typeof body === 'object' && body !== null && 'signin_url' in body ? { ...body } : undefined;
}
