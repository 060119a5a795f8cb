// How a prompt says what time it is: names that only the present has, in the languages of the apps that were seen, and the forms in
// which dates and times are written. Found in the instructions of Open WebUI ({{CURRENT_DATETIME}}), LibreChat ({{current_datetime}},
// {{iso_datetime}}), Home Assistant ("Current time is …"), SillyTavern ({{time}}, {{isotime}}), n8n ({{ $now }}) and others. Pure.

/**
 * A text as all of these patterns want it: in small letters, each at its place. The flag `i` would fold the letters of all languages
 * for each class of a pattern, which takes tens of milliseconds when it is first used, and makes each use slower.
 */
export function small(text: string): string {
  // The one letter that gets longer.
  return text.replaceAll('İ', 'i').toLowerCase();
}

/** Small letters of the languages that are written with blanks, as members of a class. */
const LETTERS = 'a-z\\u00aa\\u00b5\\u00ba\\u00df-\\u00f6\\u00f8-\\u024f\\u0370-\\u052f\\u1e00-\\u1fff';
const LETTERS_AND_DIGITS = `${LETTERS}0-9`;

/** A date or a time of which it is not said that it is the present one is never touched: it may be an appointment. */
const ENGLISH = [
  "(?:the )?(?:current|local|present|system|today's)[ _-](?:(?:local|system|utc)[ _-])?(?:date[ _-]?time|date|time|day|timestamp)(?:(?: and | & |[/_, &-]{1,2}|_and_)(?:date|time))?",
  'current(?:datetime|date|time)',
  'it(?: is|.s) (?:now|currently)',
  'today(?= is\\b|: )',
  'the (?:date and time|time and date|time|date)(?= is\\b| now\\b)',
  'now(?= is\\b|[:=])',
];
const OTHERS = [
  'aktuell(?:es|er|e) (?:datum|uhrzeit|zeitpunkt|zeit)(?: (?:und|/) (?:datum|uhrzeit|zeit))?',
  'heutiges datum',
  '(?:heute|jetzt) ist(?: es| der)?',
  'es ist (?:jetzt|gerade)',
  '(?:date|heure)(?: et (?:heure|date))? (?:actuelle|courante)s?',
  'nous sommes le',
  'il est (?:actuellement|maintenant)',
  '(?:fecha|hora)(?: y (?:hora|fecha))? actual(?:es)?',
  'hoy es',
  '(?:data|hora)(?: e (?:hora|data))? atua(?:l|is)',
  'hoje é',
  '(?:data|ora)(?: e (?:ora|data))? (?:attual|corrent)[ei]',
  'oggi è',
  'huidige (?:datum|tijd)(?: en (?:tijd|datum))?',
  'текущ(?:ее|ая|ие) (?:дата|время)(?: и (?:дата|время))?',
];
/** Written without blanks, so that they may stand behind any letter. */
const WITHOUT_BLANKS = [
  '(?:当前|當前|现在|現在|目前)的?(?:日期)?(?:和|与|與)?(?:时间|時間)',
  '(?:现在|現在|今天)是',
  '現在の?(?:日時|時刻|時間)',
  '현재 ?(?:날짜|시간|시각|일시)(?: ?(?:및|와) ?(?:날짜|시간|시각))?',
];

/** What may stand between the name and the value: "is", ":", quotes, an end of a tag, signs of Markdown, one new line. */
const IN_BRACKETS = ' ?\\([^()\\n]{1,40}\\)';
const LINK =
  '["\'*_`)\\]]{0,3} ?(?:is now|is|now|ist|est|es|è|é|是|は|为|為|은|는|[:=：>])?["\'*_`(\\[]{0,3}\\s{0,2}["\'*_`(\\[]{0,3}';

const ZONE =
  '(?: ?(?:z\\b|(?:utc|gmt)?[+-]\\d{2}:?\\d{2}|(?:utc|gmt)(?:[+-]\\d{1,2})?|(?:ces?t|ees?t|wes?t|bst|ist|msk|jst|kst|ae[sd]t|[ecmp][sd]t)\\b))?';
const HALF_DAY = '(?:上午|下午|午前|午後|오전 ?|오후 ?)?';
const HALF = '(?:\\s?(?:[ap]m\\b|[ap]\\.m\\.)| uhr\\b)';
const TIME = `${HALF_DAY}(?:[01]?\\d|2[0-3])(?:[:h][0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?(?!\\d)|[時时点點시] ?[0-5]?\\d[分분](?: ?[0-5]?\\d[秒초])?)${HALF}?${ZONE}`;

const WORD = `[${LETTERS}]{2,15}\\.?`;
const WEEKDAY = `(?:${WORD},? )?`;
const ORDINAL = 'st|nd|rd|th';
const OF = 'de |of ';
const DATE = [
  `${WEEKDAY}\\d{4}-\\d{2}-\\d{2}`,
  `${WEEKDAY}\\d{4}/\\d{1,2}/\\d{1,2}`,
  `${WEEKDAY}\\d{1,2}(?<SEP>[./-])\\d{1,2}\\k<SEP>\\d{4}`,
  `${WEEKDAY}${WORD} \\d{1,2}(?:${ORDINAL})?,? \\d{4}`,
  `${WEEKDAY}\\d{1,2}(?:${ORDINAL}|\\.)? (?:${OF})?${WORD},? (?:${OF})?\\d{4}`,
  '\\d{4} ?[年년] ?\\d{1,2} ?[月월] ?\\d{1,2} ?[日일](?: ?[(（][^\\s()（）\\d]{1,3}[)）])?',
].join('|');

const THEN_TIME = '(?:t|[,，]? ?(?:(?:at|um|à|a las|às|alle(?: ore)?|kl\\.|в|[-–|]) )?)';
const THEN_DATE = '(?:,? (?:on|am|le|el|em|il|op) |, | )';

/** A name of the present: the first group, or all of it. What must not stand before it is read, as to look back takes twice as long. */
export const PRESENT = new RegExp(
  `(?:^|[^${LETTERS_AND_DIGITS}_])(${[...ENGLISH, ...OTHERS].join('|')})|${WITHOUT_BLANKS.join('|')}`,
  'g',
);

/**
 * What is told behind such a name, piece by piece, each looked for where the one before it has ended. One pattern for all of it
 * would take 50 ms when it is first used, and each of these takes a few.
 */
export const TOLD = {
  /** Between the name and the value; the one with a remark in brackets is tried first. */
  links: [new RegExp(`${IN_BRACKETS}${LINK}`, 'y'), new RegExp(LINK, 'y')],
  date: new RegExp(DATE, 'y'),
  time: new RegExp(TIME, 'y'),
  thenDate: new RegExp(THEN_DATE, 'y'),
  thenTime: new RegExp(THEN_TIME, 'y'),
  /** Two times in a row are no clock. */
  more: /\s?[-–—+,;|/~]?\s?[\d:]|\s(?:to|until|till|bis|through|à|au?|al|tot)\s\d/y,
} as const;

const CLOCKS = '(?:time|timestamp|clock|hour|date|uhrzeit|zeit|datum|zeitpunkt|heure|hora|fecha|ora|data|tijd)';
const WHERE =
  '(?:above|preceding|aforementioned|stated|mentioned|provided|given|shown|(?:first|top) (?:line|message)|at the (?:top|beginning|start)|(?:system|your) (?:prompt|message|instructions?)|deine[mnr]? (?:system-?)?(?:prompt|anweisung(?:en)?|nachricht)|(?:tes?|ton|vos|votre|tus?|sus?|tuo|tue) (?:prompt|instructions?|instrucciones|istruzioni)|oben|obige[nrs]?|genannte[nrs]?|angegebene[nrs]?|ci-dessus|arriba|sopra)';
const POINTED_AT_HAN = '(?:上面|以上|上述|上記|提示词)[^。\\n]{0,10}(?:时间|時間|日期|時刻|日時)|위의? ?(?:시간|날짜)';
const ASKED = '(?:how late|what time)';

/** Words with which somebody points at a clock that was told elsewhere: "the time above", "the date in your instructions". */
export const POINTS_AT_CLOCK = new RegExp(
  `\\b(?:${CLOCKS}\\b[^.!?\\n]{0,40}\\b${WHERE}(?![${LETTERS}])|${WHERE}\\b[^.!?\\n]{0,40}\\b${CLOCKS}\\b|${ASKED}\\b[^\\n]{0,80}\\b${WHERE}\\b)|${POINTED_AT_HAN}`,
);

/** A pattern of these as words of their own, or as any of these forms. */
const wordsOr = (words: string, forms: string): RegExp =>
  new RegExp(`(?:^|[^${LETTERS_AND_DIGITS}])(?:${words})(?![${LETTERS_AND_DIGITS}])|${forms}`);

/** Words with which instructions make an answer depend on the hour, so that the day alone is too little. */
export const OF_HOURS = wordsOr(
  'time of (?:the )?day|the (?:current )?time|time ?stamps?|clocks?|o.clock|hours?|minutes?|good (?:morning|evening)|morning|afternoon|evening|tonight|night|noon|midnight|late|early|uhrzeit|tageszeit|stunden?|morgens|mittags|abends|nachts|matin|soir|mañana|noche|mattina|sera',
  '时间|時間|時刻|시간',
);

/** Words with which somebody asks how late it is, or speaks of it; where one stands, a time of day may matter to the answer. */
export const OF_TIME = wordsOr(
  'time|times|clock|hours?|minutes?|now|late|early|tonight|morning|afternoon|evening|noon|midnight|tomorrow|uhr|uhrzeit|zeit|stunden?|jetzt|gerade|spät|heures?|maintenant|hora|horas|ahora|agora|ora|ore|adesso|tijd|laat|nu|время|времени|час|часов|сейчас',
  '[\\d:]\\s?[ap]m\\b|\\d:\\d\\d|时间|時間|几点|幾點|现在|現在|今|何時|時刻|시간|몇 ?시|지금',
);
