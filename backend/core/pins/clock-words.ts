// How a prompt says what time it is: names that only the present has, in the languages of the apps that were seen, and the forms in
// which dates and times are written. Found in the instructions of Open WebUI ({{CURRENT_DATETIME}}), LibreChat ({{current_datetime}},
// {{iso_datetime}}), Home Assistant ("Current time is …"), SillyTavern ({{time}}, {{isotime}}), n8n ({{ $now }}) and others. Pure.

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
const BETWEEN =
  '(?: ?\\([^()\\n]{1,40}\\))?["\'*_`)\\]]{0,3} ?(?:is now|is|now|ist|est|es|è|é|是|は|为|為|은|는|[:=：>])?["\'*_`(\\[]{0,3}\\s{0,2}["\'*_`(\\[]{0,3}';

const ZONE =
  '(?: ?(?:Z\\b|(?:UTC|GMT)?[+-]\\d{2}:?\\d{2}|(?:UTC|GMT)(?:[+-]\\d{1,2})?|(?:CES?T|EES?T|WES?T|BST|IST|MSK|JST|KST|AE[SD]T|[ECMP][SD]T)\\b))?';
const HALF_DAY = '(?:上午|下午|午前|午後|오전 ?|오후 ?)?';
const TIME = `${HALF_DAY}(?:[01]?\\d|2[0-3])(?:[:h][0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?(?!\\d)|[時时点點시] ?[0-5]?\\d[分분](?: ?[0-5]?\\d[秒초])?)(?:\\s?(?:[ap]m\\b|[ap]\\.m\\.)| Uhr\\b)?${ZONE}`;

const WORD = '\\p{L}{2,15}\\.?';
const WEEKDAY = `(?:${WORD},? )?`;
const DATE = [
  `${WEEKDAY}\\d{4}-\\d{2}-\\d{2}`,
  `${WEEKDAY}\\d{4}/\\d{1,2}/\\d{1,2}`,
  `${WEEKDAY}\\d{1,2}(?<SEP>[./-])\\d{1,2}\\k<SEP>\\d{4}`,
  `${WEEKDAY}${WORD} \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}`,
  `${WEEKDAY}\\d{1,2}(?:st|nd|rd|th|\\.)? (?:de |of )?${WORD},? (?:de )?\\d{4}`,
  '\\d{4} ?[年년] ?\\d{1,2} ?[月월] ?\\d{1,2} ?[日일](?: ?[(（]\\p{L}{1,3}[)）])?',
].join('|');

const THEN_TIME = '(?:T|[,，]? ?(?:(?:at|um|à|a las|às|alle(?: ore)?|kl\\.|в|[-–|]) )?)';
const THEN_DATE = '(?:,? (?:on|am|le|el|em|il|op) |, | )';

/** Two times in a row are no clock. */
const ALONE = '(?!\\s?[-–+,;|/]?\\s?[\\d:])';

const NAME = `(?<![\\p{L}\\p{N}_])(?:${[...ENGLISH, ...OTHERS].join('|')})|${WITHOUT_BLANKS.join('|')}`;

/** A name of the present, and one with a date or a time behind it. */
export const PRESENT = new RegExp(NAME, 'iu');
export const PRESENT_TOLD = new RegExp(`(?:${NAME})${BETWEEN}(?:${DATE}|${TIME})`, 'giu');

/**
 * A name, and behind it a time with or without its date. `name`: its first group; `date`, where there is one, is what is the same
 * for all the day.
 */
export const CLOCK = new RegExp(
  [
    `(?<name>${NAME})`,
    `(?<between>${BETWEEN})`,
    `(?<value>(?<date>${DATE})${THEN_TIME}(?<time>${TIME})|(?<time2>${TIME})(?:${THEN_DATE}(?<date2>${DATE.replaceAll('SEP', 'SEP2')}))?)${ALONE}`,
  ].join(''),
  'dgiu',
);

const CLOCKS = '(?:time|timestamp|clock|hour|date|uhrzeit|zeit|datum|zeitpunkt|heure|hora|fecha|ora|data|tijd)';
const WHERE =
  '(?:above|preceding|aforementioned|stated|mentioned|provided|given|shown|(?:first|top) (?:line|message)|at the (?:top|beginning|start)|(?:system|your) (?:prompt|message|instructions?)|oben|obige[nrs]?|genannte[nrs]?|angegebene[nrs]?|ci-dessus|arriba|sopra)';

/** Words with which somebody points at a clock that was told elsewhere: "the time above", "the date in your instructions". */
export const POINTS_AT_CLOCK = new RegExp(
  `\\b${CLOCKS}\\b[^.!?\\n]{0,40}\\b${WHERE}(?!\\p{L})|\\b${WHERE}\\b[^.!?\\n]{0,40}\\b${CLOCKS}\\b|\\b(?:how late|what time)\\b[^\\n]{0,80}\\b${WHERE}\\b`,
  'iu',
);

/** Words with which instructions make an answer depend on the hour, so that the day alone is too little. */
export const OF_HOURS =
  /(?<![\p{L}\p{N}])(?:time of (?:the )?day|the (?:current )?time|time ?stamps?|clocks?|o.clock|hours?|minutes?|good (?:morning|evening)|morning|afternoon|evening|tonight|night|noon|midnight|late|early|uhrzeit|tageszeit|stunden?|morgens|mittags|abends|nachts|matin|soir|mañana|noche|mattina|sera)(?![\p{L}\p{N}])|时间|時間|時刻|시간/iu;

/** Words with which somebody asks how late it is, or speaks of it; where one stands, a time of day may matter to the answer. */
export const OF_TIME =
  /(?<![\p{L}\p{N}])(?:time|times|clock|hours?|minutes?|now|late|early|tonight|morning|afternoon|evening|noon|midnight|tomorrow|uhr|uhrzeit|zeit|stunden?|jetzt|gerade|spät|heures?|maintenant|hora|horas|ahora|agora|ora|ore|adesso|tijd|laat|nu|время|времени|час|часов|сейчас)(?![\p{L}\p{N}])|[\d:]\s?[ap]m\b|\d:\d\d|时间|時間|几点|幾點|现在|現在|今|何時|時刻|시간|몇 ?시|지금/iu;
