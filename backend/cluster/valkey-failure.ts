// Explains failures of Valkey to users, with what to do.
import { AppError } from '../contract/errors.ts';

/** Valkey is unreachable now. */
export class ValkeyAway extends Error {
  override readonly name = 'ValkeyAway';
}

/** Why Valkey cannot be used, and how to fix it. */
export interface ValkeyTrouble {
  /** Follows "it": "does not answer". */
  readonly why: string;
  readonly todo: string;
}

const START = 'Start Valkey, or correct cluster.url.';
const LINE = 'docs/cluster.md has the line for its user (ACL SETUSER).';

const PRIMARY = 'Name the primary in cluster.url.';

/** A replica, whether reported by INFO or by an error. */
export const REPLICA: ValkeyTrouble = { why: 'is a replica, which keeps nothing by itself', todo: PRIMARY };
export const LOST_PRIMARY: ValkeyTrouble = { why: 'is a replica that has lost its primary', todo: PRIMARY };

/** By the first word of Valkey's error (valkey.io/topics/protocol, "Simple errors"). */
const SAID: Readonly<Record<string, ValkeyTrouble>> = {
  NOAUTH: {
    why: 'wants a user and a password',
    todo: 'Write them into cluster.url: valkey://user:password@host.',
  },
  WRONGPASS: { why: 'refuses the user or the password', todo: 'Correct them in cluster.url.' },
  NOPERM: { why: 'does not let this user do what Hearth needs', todo: LINE },
  READONLY: REPLICA,
  LOADING: { why: 'is still loading its data', todo: 'Nothing: it ends by itself.' },
  MASTERDOWN: LOST_PRIMARY,
  UNBLOCKED: { why: 'has become a replica', todo: PRIMARY },
  CLUSTERDOWN: {
    why: 'is a node of a cluster that has lost some of its slots',
    todo: 'Nothing, when its cluster mends that; else look there (CLUSTER INFO).',
  },
  MOVED: {
    why: 'is a node of a cluster, and another one has what this fleet shares',
    todo: 'Name that one in cluster.url (CLUSTER SLOTS), or a Valkey that is no cluster.',
  },
  BUSY: { why: 'is busy with a script', todo: 'Look there which one (SCRIPT KILL ends it).' },
  OOM: {
    why: 'has no room',
    todo: 'Set maxmemory-policy to volatile-lru, or maxmemory higher (docs/cluster.md).',
  },
};

/** By Node's error codes. */
const CODES: Readonly<Record<string, ValkeyTrouble>> = {
  ECONNREFUSED: { why: 'is not there: nothing listens at that address', todo: START },
  ENOTFOUND: { why: 'cannot be found: the name of its host is not known', todo: 'Correct cluster.url.' },
  EAI_AGAIN: { why: 'cannot be found: names cannot be looked up', todo: 'Look whether the network is there.' },
  EHOSTUNREACH: { why: 'cannot be reached', todo: 'Look whether the network is there.' },
  ENETUNREACH: { why: 'cannot be reached', todo: 'Look whether the network is there.' },
  ECONNRESET: { why: 'has cut the connection', todo: START },
  EPROTO: {
    why: 'does not speak TLS there',
    todo: 'Write redis:// or valkey:// into cluster.url, or name its port for TLS.',
  },
};

const OUTWAITED: ValkeyTrouble = {
  why: 'does not answer in time',
  todo: 'Look whether it runs and can be reached; cluster.timeout_ms says how long it may take.',
};
const UNTRUSTED: ValkeyTrouble = {
  why: 'shows a certificate that is not trusted',
  todo: 'Name the PEM file of your certificate authority in cluster.ca_file, and in cluster.url a host that the certificate is for.',
};

/** In TLS 1.3, and before it (RFC 8446, 6.2). */
const WANTS_CERTIFICATE = /ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/;
const NAMELESS: ValkeyTrouble = {
  why: 'wants a certificate of this gateway',
  todo: 'Name its PEM file in cluster.cert_file, and that of its key in cluster.key_file.',
};
const REFUSES_CERTIFICATE = /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/;
const UNKNOWN_HERE: ValkeyTrouble = {
  why: 'does not accept the certificate of this gateway',
  todo: 'Name one in cluster.cert_file whose authority is in its tls-ca-cert-file.',
};

/** Maximum length of a quoted error of Valkey. Characters. */
const MOST_QUOTED = 120;

/** Valkey did not answer in time. */
export class OutwaitedError extends Error {
  override readonly name = 'OutwaitedError';
}

/** Valkey answers, but its settings do not fit Hearth. */
export class UnfitError extends Error {
  override readonly name = 'UnfitError';
  readonly trouble: ValkeyTrouble;

  constructor(trouble: ValkeyTrouble) {
    super(trouble.why);
    this.trouble = trouble;
  }
}

/** Whether this is Valkey's own answer, and not a failed connection. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** The error of a command in a script for lack of a right. */
const NO_RIGHT = /can't (?:run this command|access at least one of the keys)/;

/** The first word of Valkey's error, such as "OOM"; in a script's error of Redis 6 it follows the script's position. */
export function replyWord(error: unknown): string | undefined {
  if (!isReply(error)) return undefined;
  const { message } = error;
  if (NO_RIGHT.test(message)) return 'NOPERM';
  return (/: -([A-Z]+) /.exec(message) ?? /^([A-Z]+) /.exec(message))?.[1];
}

/** Errors after which this connection is useless. */
const ELSEWHERE = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'UNBLOCKED', 'CLUSTERDOWN', 'MOVED']);
const ENDING = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'BUSY', ...ELSEWHERE]);

/** Whether other commands would fail in the same way, so that sending them is pointless. */
export function endsTheLink(error: unknown): boolean {
  return !isReply(error) || ENDING.has(replyWord(error) ?? '');
}

/** Whether the error shows that this Valkey is not, or not yet, the primary: a new connection may lead there. */
export function isElsewhere(error: unknown): boolean {
  return ELSEWHERE.has(replyWord(error) ?? '');
}

/** The trouble behind an error, for users. */
export function troubleOf(error: unknown): ValkeyTrouble {
  if (error instanceof UnfitError) return error.trouble;
  if (error instanceof OutwaitedError) return OUTWAITED;
  // A file named in the settings is unusable; Valkey was not asked.
  if (error instanceof AppError) {
    const [why = '', ...todo] = error.message.split(/(?<=\.) /);
    return { why: `cannot be asked, as ${why.replace(/\.$/, '')}`, todo: todo.join(' ') };
  }
  const word = replyWord(error);
  const said = word === undefined ? undefined : SAID[word];
  if (said !== undefined) return said;
  const message = error instanceof Error ? error.message : String(error);
  if (isReply(error)) return { why: `says: ${message.slice(0, MOST_QUOTED)}`, todo: 'Look into its log.' };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (WANTS_CERTIFICATE.test(code)) return NAMELESS;
  if (REFUSES_CERTIFICATE.test(code)) return UNKNOWN_HERE;
  if (/CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/.test(code)) return UNTRUSTED;
  if (code.startsWith('ERR_SSL_')) return CODES['EPROTO'] ?? OUTWAITED;
  if (code === 'ETIMEDOUT') return OUTWAITED;
  return CODES[code] ?? CODES['ECONNRESET'] ?? OUTWAITED;
}
