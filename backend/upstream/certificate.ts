// Explains an untrusted certificate: which one it is, why it is refused, and what to do. The failed connection does not
// show the certificate, so it is fetched once more, on a connection that never sends anything.
import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { AppError } from '../contract/errors.ts';
import { onAbort } from '../core/abort.ts';
import { urlSetting, type Whose } from './upstream-label.ts';

const WAYS =
  'If it comes from a certificate authority of your own, name the PEM file of that in ollama.ca_file or in the variable NODE_EXTRA_CA_CERTS.';

/** Longest quoted name of a certificate, and the number of names. */
const LONGEST = 100;
const MOST_NAMES = 5;

/** OpenSSL's verdicts by Node's names for them (TLS documentation, "X509 certificate error codes"), and Node's own. */
const VERDICT =
  /^(?:ERR_TLS_CERT_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET_ISSUER|VERIFY|DECODE|DECRYPT_CERT)|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_MISMATCH$|ERROR_IN_CERT_)/;

/** Whether a connection failed because the server's certificate is not trusted. */
export function isCertificateError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && VERDICT.test(error.code);
}

/** The certificate of an https address; undefined if none arrives within `ms`. Sends nothing. */
export function certificateAt(url: string, ms: number, signal: AbortSignal): Promise<PeerCertificate | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((done) => {
    if (signal.aborted) return done(undefined);
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // Accept any certificate, since we only look at it; nothing is sent on this socket.
    const socket = connect({ host, port: Number(port || 443), ...servername, rejectUnauthorized: false });
    const end = (certificate?: PeerCertificate): void => {
      off();
      clearTimeout(limit);
      socket.destroy();
      done(certificate);
    };
    const leave = (): void => end();
    const limit = setTimeout(leave, ms);
    socket.once('secureConnect', () => end(socket.getPeerCertificate()));
    socket.on('error', leave);
    const off = onAbort(signal, leave);
  });
}

/** The error for an untrusted certificate; `certificate`: what the server presented. */
export function notBelieved(
  { url, name }: Whose,
  error: Error & { readonly code: string },
  certificate: PeerCertificate | undefined,
): AppError {
  const { hostname } = new URL(url);
  const seen = certificate?.subject === undefined ? undefined : certificate;
  const what = seen === undefined ? '' : ` It is for ${namesOf(seen)}, issued by ${quoted(nameOf(seen.issuer))}.`;
  const { why, advice = '' } = reasonFor(error.code, { host: hostname, name }, seen);
  const words = `The certificate of ${url} is not trusted: ${why}.${what}${advice} ${WAYS}`;
  return new AppError('upstream_untrusted', words, { cause: error });
}

interface Reason {
  readonly why: string;
  readonly advice?: string;
}

function reasonFor(
  code: string,
  { host, name }: { readonly host: string; readonly name: string | undefined },
  seen: PeerCertificate | undefined,
): Reason {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return { why: `it ran out${dayOf(seen?.valid_to, ' on ')}`, advice: ' Have it renewed there.' };
    case 'CERT_NOT_YET_VALID':
      return { why: `it is not valid${dayOf(seen?.valid_from, ' before ') || ' yet'}`, advice: ' Is the clock of this machine right?' }; // prettier-ignore
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return { why: `it is not for ${host}`, advice: ` Use a name that it is for in ${urlSetting({ name })}.` };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return { why: 'it is signed by itself' };
    default:
      return { why: `who issued it is not known here (${code})` };
  }
}

/** The day behind a word: " on 2024-03-01"; empty if unknown. */
function dayOf(time: string | undefined, word: string): string {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? '' : word + new Date(ms).toISOString().slice(0, 10);
}

/** The host names in a certificate, or its subject if it has none. */
function namesOf({ subject, subjectaltname = '' }: PeerCertificate): string {
  const names = [...subjectaltname.matchAll(/(?:DNS|IP Address):([^,]+)/g)].map(([, name = '']) => quoted(name));
  if (names.length === 0) return quoted(nameOf(subject));
  return `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ' and others' : ''}`;
}

function nameOf({ CN, O }: PeerCertificate['subject']): string {
  const [name = 'nobody'] = [CN, O].flat().filter((each) => each !== undefined && each !== '');
  return name;
}

/** Quotes a foreign text without characters that would break a line. */
function quoted(name: string): string {
  return JSON.stringify(name.replaceAll(/\p{Cc}/gu, ' ').slice(0, LONGEST));
}
