// Text in the form in which it may be kept and shown: secrets masked, images and files as hash and size, and limited in
// length. It can't recognise every secret: it masks what is named like one, and common forms of keys.
import { hash } from 'node:crypto';
import { anyJson } from '../../contract/go/exact-json.ts';
import type { ShownText } from '../../contract/views/request-body.ts';
import { HIDDEN } from '../../contract/secret.ts';
import { SECRET_NAME as NAME, WORD_BEGIN as BEGIN } from '../../contract/secret-names.ts';

/** The most bytes kept of a text: its beginning and its end. */
export const MOST_BYTES = 256 * 1024;
const TAIL_BYTES = MOST_BYTES / 4;
const HEAD_BYTES = MOST_BYTES - TAIL_BYTES;
/**
 * The longest secret, in characters. Around a cut this much more is searched and then left out, so that no half of a
 * secret is kept.
 */
const LONGEST_SECRET = 8192;
/** The characters from which a run of base64 counts as a file. */
const LONG_BASE64 = 1000;

/** A body in the form in which it may be shown. Bytes that are not UTF-8 are shown only as a hash. */
export function shownBody(body: Uint8Array): ShownText {
  const text = textOf(body);
  if (text !== undefined) return shownText(text);
  return { text: fileMark(body), bytes: body.length, cut: 0 };
}

/** A text in the form in which it may be shown. */
export function shownText(text: string): ShownText {
  const bytes = Buffer.byteLength(text);
  const slim = withoutFiles(text);
  const room = HEAD_BYTES + TAIL_BYTES + 2 * LONGEST_SECRET;
  const whole = slim.length <= room ? withoutSecrets(slim) : undefined;
  if (whole !== undefined && Buffer.byteLength(whole) <= MOST_BYTES) return { text: whole, bytes, cut: 0 };
  const { head, tail, between } = whole === undefined ? ends(slim) : halves(whole);
  const first = Buffer.from(head).subarray(0, HEAD_BYTES).toString().replace(/�$/, '');
  const last = Buffer.from(tail).subarray(-TAIL_BYTES).toString().replace(/^�+/, '');
  const cut = between + head.length - first.length + tail.length - last.length;
  return { text: `${first}\n… ${cut} characters are left out here …\n${last}`, bytes, cut };
}

/** A JSON value without secrets and files, for the log. */
export function shownJson(value: unknown): unknown {
  return JSON.parse(withoutSecrets(withoutFiles(anyJson(value)))) as unknown;
}

/** A body as text; undefined when it is not UTF-8. */
export function textOf(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

interface Ends {
  readonly head: string;
  readonly tail: string;
  /** Characters that are in neither. */
  readonly between: number;
}

function ends(text: string): Ends {
  const before = withoutSecrets(text.slice(0, HEAD_BYTES + LONGEST_SECRET));
  const after = withoutSecrets(text.slice(-(TAIL_BYTES + LONGEST_SECRET)));
  const head = before.slice(0, Math.max(0, before.length - LONGEST_SECRET));
  const tail = after.slice(LONGEST_SECRET);
  return { head, tail, between: text.length - head.length - tail.length };
}

function halves(text: string): Ends {
  const at = Math.floor((text.length * HEAD_BYTES) / MOST_BYTES);
  return { head: text.slice(0, at), tail: text.slice(at), between: 0 };
}

// ---- images and files

function fileMark(bytes: Uint8Array): string {
  return `[${bytes.length} bytes, sha256 ${hash('sha256', bytes)}]`;
}

const BASE64 = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_') {
  BASE64[character.charCodeAt(0)] = 1;
}
const BACKSLASH = 0x5c;
const SLASH = 0x2f;

/**
 * Replaces long runs of base64, in which some programs write "/" as "\/". Without a regular expression, since some are
 * megabytes long.
 */
function withoutFiles(text: string): string {
  let out = '';
  let done = 0;
  let from = -1;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    const escaped = code === BACKSLASH && from !== -1 && text.charCodeAt(at + 1) === SLASH;
    if (escaped || BASE64[code] === 1) {
      if (from === -1) from = at;
      if (escaped) at++;
      continue;
    }
    if (from !== -1 && at - from >= LONG_BASE64) {
      const run = text.slice(from, at).replaceAll(String.raw`\/`, '/');
      // A row of one letter, or a very long word, is text.
      if (/[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)) {
        out += text.slice(done, from) + fileMark(Buffer.from(run, 'base64'));
        done = at;
        while (text[done] === '=') done++;
      }
    }
    from = -1;
  }
  return done === 0 ? text : out + text.slice(done);
}

// ---- secrets

/** How many backslashes precede a quote in JSON, in JSON inside a JSON string, and so on. */
const DEPTHS = [0, 1, 3, 7];

/**
 * Matches a named value of JSON at such a depth. Its closing quote has as many backslashes as its opening one, and
 * before them those of the value, which come in pairs of pairs. Never passes a quote of the outermost JSON.
 */
function namedAt(depth: number): RegExp {
  const slash = '\\\\';
  const mark = `${slash.repeat(depth)}"`;
  const inside = depth === 0 ? '[^]' : `(?:[^"]|(?<=(?<!${slash})${slash}(?:${slash}${slash})*)")`;
  const end = `(?<!${slash})(?:${slash.repeat(2 * (depth + 1))})*${mark}`;
  const value = `(?!${mark})${inside}{0,${LONGEST_SECRET}}?${end}`;
  return new RegExp(`((?<!${slash})${mark}${NAME}${mark}\\s*:\\s*${mark})${value}`, 'gi');
}
const NAMED = DEPTHS.map((depth) => ({ pattern: namedAt(depth), end: `${'\\'.repeat(depth)}"` }));

/** As Python prints it. */
const IN_SINGLE_QUOTES = new RegExp(`('${NAME}'\\s{0,4}:\\s{0,4}')[^'"\\n]{1,${LONGEST_SECRET}}'`, 'gi');
/** `API_KEY=…`, `password: …`, `?token=…`: the value must have a digit, so that prose about passwords stays. */
const BARE = new RegExp(
  `(?<![\\w.-])(${NAME}\\s{0,4}[=:]\\s{0,4})(?=[^\\s"'&\\\\]{0,128}\\d)[^\\s"'\`,;&<>()\\[\\]{}\\\\]{6,}`,
  'gi',
);
const IN_QUERY = /([?&](?:key|sig|signature|auth|code)=)[^\s"'&#\\]+/gi;
const IN_HEADER = new RegExp(`(${BEGIN}(?:Bearer|Basic)\\s{1,4})[\\w.~+/=-]{8,}`, 'gi');
const IN_ADDRESS = /(\b[a-z][a-z\d+.-]{0,20}:\/\/)[^\s/?#@"'\\]{1,256}@/gi;

/** Common keys by their prefixes: Hearth, OpenAI, Anthropic, GitHub, GitLab, Slack, Hugging Face, AWS, Google. */
const LOOKS = [
  'hearth_[\\w-]{16,}',
  'sk-[\\w-]{16,}',
  '(?:gh[a-z]|github_pat)_\\w{16,}',
  'glpat-[\\w-]{16,}',
  'xox[a-z]-[\\w-]{10,}',
  'hf_[A-Za-z\\d]{16,}',
  'A[KS]IA[A-Z\\d]{16}',
  'AIza[\\w-]{30,}',
  'eyJ[\\w-]{8,}\\.[\\w-]{8,}\\.[\\w-]+',
];
const BY_LOOK = new RegExp(`${BEGIN}(?:${LOOKS.join('|')})`, 'g');
const PEM = new RegExp(
  `-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^"]{0,${LONGEST_SECRET}}?-----END [A-Z ]{0,30}PRIVATE KEY-----`,
  'g',
);

/** Masks secrets in any text. JSON stays valid JSON. */
export function withoutSecrets(text: string): string {
  return hiding(text, () => HIDDEN);
}

/**
 * A piece of a text in the form in which it may be shown, without any part of a secret that begins before it or ends
 * after it.
 */
export function safePiece(text: string, from: number, to: number): string {
  const start = Math.max(0, from - LONGEST_SECRET);
  const around = text.slice(start, to + LONGEST_SECRET);
  // Masked secrets keep their length, so that positions stay the same.
  return hiding(around, (secret) => '*'.repeat(secret.length)).slice(from - start, to - start);
}

function hiding(text: string, hide: (secret: string) => string): string {
  let safe = text.replaceAll(PEM, hide).replaceAll(BY_LOOK, hide);
  const within = (pattern: RegExp, end: string): void => {
    safe = safe.replaceAll(
      pattern,
      (all: string, begin: string) => begin + hide(all.slice(begin.length, all.length - end.length)) + end,
    );
  };
  for (const { pattern, end } of NAMED) within(pattern, end);
  within(IN_SINGLE_QUOTES, "'");
  for (const pattern of [BARE, IN_QUERY, IN_HEADER]) within(pattern, '');
  within(IN_ADDRESS, '@');
  return safe;
}

const SECRET_HEADER = new RegExp(`^(?:${NAME}|.*-key|.*-token|.*-auth|.*-signature)$`, 'i');

/** Recent names, which are checked for each request that is not a hit; there are few. */
const known = new Map<string, boolean>();
const MOST_KNOWN = 500;

/** Whether a header holds a key, judged by its name. */
export function isSecretHeader(name: string): boolean {
  let secret = known.get(name);
  if (secret === undefined) {
    secret = SECRET_HEADER.test(name);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, secret);
  }
  return secret;
}
