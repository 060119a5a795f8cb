// Whether a line of the instructions may be somebody's words: whatever stands before it must open nothing in which words of others could
// follow. Where in doubt, it does. Pure.

/** Headings behind which an app tells of the present. */
const HEADINGS =
  /^ {0,3}(?:#{1,6} |\*\*)?(?:current|system|runtime|session|environment|date|time)(?: (?:system|environment|date|time|information|info|details|and|&)){0,4}[ :*]*\r?$/gm;

/** Elements in which an app tells of the present, without attributes. */
const ELEMENTS =
  /^<(?:env|environment|environment[_-]details|system|system[_-]reminder|system[_-]info|info|datetime|date_time|current_(?:time|date|datetime))>$/;
const TAGS = /<\/?[a-z][\w.-]*(?=[\s>/])[^<>]{0,200}>?/g;

/** A line that opens a part: it ends in a colon, is a heading, stands in brackets or is bold, rules something off, quotes or is indented. */
const OPENS =
  /[:：][ \t*_\r]*$|^ {0,3}(?:#{1,6} |\*\*[^*\n]*\*\*[ \t\r]*$|\[[^\]\n]*\][ \t\r]*$|>|\|)|^[ \t]*(?:[`~"']{3}|[-=*_#+~<>]{3})|^(?: {4}|\t)[ \t]*\S/m;
/** Somebody who speaks. */
const SPEAKER =
  /^\W{0,4}(?:user|human|assistant|ai|bot|question|answer|input|output|benutzer|nutzer|frage|antwort|[qa])\s?:/m;
/** A line in which a quotation is opened and not closed. */
const QUOTES = '["“”„«»「」『』]';
const NO_QUOTES = '[^"“”„«»「」『』\\n]*';
const OPEN_QUOTE = new RegExp(
  `^${NO_QUOTES}${QUOTES}(?:${NO_QUOTES}${QUOTES}${NO_QUOTES}${QUOTES})*${NO_QUOTES}$|(?:^|[\\s([{:=])['‘][^'‘’\\n]*$|^[^\`\\n]*\`(?:[^\`\\n]*\`[^\`\\n]*\`)*[^\`\\n]*$`,
  'm',
);
/** Words that announce an example, a fiction, or a text to be worked on. */
const ANNOUNCES =
  /(?:^|[^a-zà-ÿа-яё])(?:exampl|e\.g\.|sampl|templat|format|like this|follow(?:s|ing)(?![a-z])|below|imagin|pretend|role-?play|stor(?:y|ies)|novel|scene|said|wrote|quot|translat|summar|proofread|rewrit|paraphras|transcri|beispiel|z\. ?b\.|vorlage|folgend|geschichte|übersetz|zusammenfass|exemple|suivant|histoire|tradui|résum|ejemplo|siguiente|historia|traduc|resum|exemplo|seguinte|esempio|seguent|voorbeeld|volgend|vertaal|пример|следующ|перевед|истори)|例|比如|翻[译譯訳]|以下|예[를시제]|다음|번역/;

/** `before`: the lines that stand before it, in small letters; `lead`: what stands before it in its own. */
export function mayBeOthers(before: string, lead: string): boolean {
  const rest = before.replaceAll(HEADINGS, '');
  const all = rest + lead;
  return (
    OPENS.test(rest) ||
    SPEAKER.test(rest) ||
    OPEN_QUOTE.test(all) ||
    ANNOUNCES.test(all) ||
    Array.from(rest.matchAll(TAGS)).some(([tag]) => !ELEMENTS.test(tag.replace('</', '<')))
  );
}
