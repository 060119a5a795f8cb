// The line with which Claude Code begins its instructions, for Anthropic's own accounts: which version asks, and check digits of what
// it says. `cch` is new with each request, and the last three digits of the version with each conversation; no answer depends on
// either (anthropics/claude-code#24168, ggml-org/llama.cpp#21793, ollama/ollama#14918). Pure.
import { small } from './clock-words.ts';
import { hasWord, type PinSpan } from './pin-forms.ts';

/** Name and value pairs, each with its semicolon. Only at the very beginning: elsewhere somebody quotes it. */
const LINE = /^x-anthropic-billing-header:(?: ?[a-z_]{1,40}=[^;\s]{0,200};)+/;
/** Five digits so far; some more, should it grow. */
const CHECK = /(?<=\bcch=)[\da-f]{4,64}(?=;)/d;
/** `2.1.37.0d9`: three numbers, and three digits over the first message. */
const VERSION = /(?<=\bcc_version=\d+\.\d+\.\d+\.)[\da-f]{3}(?=;)/d;

/** What Claude Code itself writes there before it has counted. */
const NO_CHECK = '00000';
const NO_VERSION_CHECK = '000';

/** With these somebody speaks of the line, or asks for what is in it. */
const NAMES = [
  'cch',
  'cc_version',
  'x-anthropic-billing-header',
  'billing header',
  'billing-header',
  'attribution header',
];

/** The spans of the line at the beginning of a text; `isQuoted` says whether a value is spoken of elsewhere. */
export function billingSpans(text: string, isQuoted: (...words: readonly string[]) => boolean): readonly PinSpan[] {
  const line = LINE.exec(text)?.[0];
  if (line === undefined) return [];
  const version = spanIn(line, VERSION, NO_VERSION_CHECK);
  const check = spanIn(line, CHECK, NO_CHECK);
  const spans = [version, check].filter((span) => span !== undefined).toSorted((a, b) => a.from - b.from);
  const words = [
    ...NAMES,
    ...(check === undefined ? [] : [check.sent]),
    // Three digits are a word too often: with the numbers before them they are not.
    ...(version === undefined ? [] : [line.slice(line.lastIndexOf('=', version.from) + 1, version.to)]),
  ];
  const rest = text.slice(line.length);
  return isQuoted(...words) || hasWord(rest, ...words) ? [] : spans;
}

function spanIn(line: string, form: RegExp, now: string): PinSpan | undefined {
  const [from, to] = form.exec(line)?.indices?.[0] ?? [];
  if (from === undefined || to === undefined) return undefined;
  const sent = line.slice(from, to);
  return sent === now ? undefined : { from, to, sent, now };
}

const VERSIONS = /(?<![a-zà-ÿ])vers(?:ion|ión|ão|ões|ie)|верси|版本|バージョン|버전/g;
/** To ask for one, or the one who is spoken to. */
const WHOSE =
  /(?:^|[^a-zà-ÿа-яё])(?:you|your|ur|claude|cli|running|installed|which|what|whats|du|dein|deine|deiner|ihr|bist|läuft|welche|tu|es-tu|vous|ton|votre|quelle|eres|tus?|usas|estás|qué|cuál|você|qual|sei|usi|che|je|jij|bent|welk|ты|вы|тво[а-яё]+|ваш[а-яё]*|как[а-яё]+)(?![a-zà-ÿа-яё])|[?？你您哪何什あ너]|당신|무슨|어떤/;
const AROUND = 80;
/** Where a version is spoken of more often than this, somebody may ask for one. */
const MOST_VERSIONS = 50;

/** Whether a user asks which version answers. In doubt, so it is. */
export function asksForVersion(text: string): boolean {
  const low = small(text);
  let looked = 0;
  for (const { index } of low.matchAll(VERSIONS)) {
    const before = low.slice(Math.max(0, index - AROUND), index);
    const around =
      before.slice(before.lastIndexOf('\n') + 1) + (low.slice(index, index + AROUND).split('\n', 2)[0] ?? '');
    if (++looked > MOST_VERSIONS || WHOSE.test(around)) return true;
  }
  return false;
}
