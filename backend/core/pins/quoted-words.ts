// Whether a piece of the instructions may be somebody's words, or no statement: in a document, a quotation, an example, a piece of code, a
// condition, a story. Where in doubt, it is. Pure.
import { small } from './clock-words.ts';
import { timesIn } from './pin-forms.ts';

/** A part of the name of an element in which documents and talks of others stand. */
const OTHERS =
  'documents?|docs?|files?|articles?|e?mails?|messages?|transcripts?|logs?|contexts?|sources?|search|results?|quotes?|text|content|examples?|history|conversation|inputs?|query|body|pages?|webpage|notes?|code|snippets?|selection|clipboard|pasted?|posts?|comments?|chat|threads?|memory|memories|reviews?|story|scene|dialogue?|letters?|excerpts?|passages?';
const OTHERS_TEXT = new RegExp(`<(\\/?)(?:[a-z]+[_-])*(?:${OTHERS})(?:[_-][a-z0-9]+)*(?=[\\s>/])[^<>]{0,200}>`, 'g');
const SPEAKER =
  /^\W{0,4}(?:user|human|assistant|ai|bot|system|question|answer|example|input|output|said|benutzer|nutzer|frage|antwort|beispiel|[qa])\s?:/;
/** A line that somebody quotes in a mail or in Markdown. */
const QUOTED_LINE = /^\s{0,3}>/;
const QUOTES = /["“”„«»「」『』]/g;
const QUOTE = /["'`“”„«»]$/;
const QUOTE_AGAIN = /^["'`“”„«»]/;
/** One that opens a quotation, and none that closes it. */
const OPEN_QUOTE = /(?:^|[\s([{:=])'[^']*$|‘[^’]*$/;
/** In an address or the value of a parameter. */
const ADDRESS = /:\/\/\S*$|[?&#]$/;

/** Words in the same sentence that make of a statement a condition, an example, a fiction or a query. */
const NO_STATEMENT =
  /\b(?:if|when|whenever|once|until|unless|assum(?:e|ing)|suppos(?:e|ing)|imagine|pretend|for example|example|for instance|such as|wenn|falls|sobald|angenommen|stell dir vor|beispiel|quand|lorsque|exemple|cuando|ejemplo|quando|esempio|exemplo|wanneer|select|where|insert|update|in (?:the|this|a|our|your|my) (?:story|scene|game|novel|book|film|movie|play|scenario|exercise|simulation|dream))\b|(?:\be\.g\.|\bz\. ?b\.|例えば|例如|比如|예를 들어)[^.]*$|如果|假如|假设|もし|만약|если|когда/;
/** A line before it with which an example begins. */
const BEGINS_EXAMPLE =
  /\b(?:example|format|template|sample|like this|as follows|output|input|beispiel|muster|vorlage|wie folgt|exemple|ejemplo|esempio|exemplo)\b[^\n]*:\s*$/;

/** Whether what begins there may be so. `name`: its first word or words; quoted by itself it is a name: `"current_time": …`. */
export function isSomebodysWords(text: string, from: number, name: string): boolean {
  const before = small(text.slice(0, from));
  const lineAt = before.lastIndexOf('\n') + 1;
  const line = before.slice(lineAt);
  const isNameQuoted = QUOTE.test(line) && QUOTE_AGAIN.test(text.slice(from + name.length));
  const around = isNameQuoted ? line.slice(0, -1) : line;
  const isInQuotes = (around.match(QUOTES)?.length ?? 0) % 2 === 1 || OPEN_QUOTE.test(around);
  const isInCode = timesIn(before, '```', true) % 2 === 1 || timesIn(around, '`', true) % 2 === 1;
  const sentence = line.slice(/^.*[.!?;](?=\s)/.exec(line)?.[0].length ?? 0);
  const lineBefore = before.slice(0, lineAt).trimEnd();
  return (
    isInQuotes ||
    isInCode ||
    QUOTED_LINE.test(line) ||
    SPEAKER.test(line) ||
    ADDRESS.test(line) ||
    NO_STATEMENT.test(sentence) ||
    BEGINS_EXAMPLE.test(lineBefore.slice(lineBefore.lastIndexOf('\n') + 1)) ||
    isInElement(before)
  );
}

/** Whether an element of others is open at the end of a text. */
function isInElement(before: string): boolean {
  let depth = 0;
  for (const [, close] of before.matchAll(OTHERS_TEXT)) depth = Math.max(0, depth + (close === '' ? 1 : -1));
  return depth > 0;
}
