// How a prompt says what time it is: names that only the present has, in the languages of the apps that were seen, and the forms in
// which dates and times are written. Found in the instructions of Home Assistant ("Current time is …"), goose ("The current date is …"), and
// of people who use the variables of Open WebUI ({{CURRENT_DATETIME}}) and LibreChat ({{current_datetime}}). Pure.

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

const AND = '(?:(?: and | & |[/_, &-]{1,2}|_and_)(?:date|time))?';
const CURRENT = '(?:date[ _-]?time|date|time|timestamp)';
/** Names that say by themselves that it is the present one. A date or a time of any other name may be an appointment. */
const NAMES = [
  `(?:the )?(?:current[ _-](?:(?:local|system|utc)[ _-])?${CURRENT}|today['’]s[ _-]date)${AND}`,
  'current(?:datetime|date|time)',
  'aktuell(?:es|er|e) (?:datum|uhrzeit|zeitpunkt|zeit)(?: (?:und|/) (?:datum|uhrzeit|zeit))?',
  'heutiges datum(?: und uhrzeit)?',
  '(?:date|heure)(?: et (?:heure|date))? (?:actuelle|courante)s?',
  '(?:fecha|hora)(?: y (?:hora|fecha))? actual(?:es)?',
  '(?:data|hora)(?: e (?:hora|data))? atua(?:l|is)',
  '(?:data|ora)(?: e (?:ora|data))? (?:attual|corrent)[ei]',
  'huidige (?:datum|tijd)(?: en (?:tijd|datum))?',
  'текущ(?:ее|ая|ие) (?:дата|время)(?: и (?:дата|время))?',
];
/** Written without blanks, so that they may stand behind any letter. */
const NAMES_WITHOUT_BLANKS = [
  '(?:当前|當前|目前)的?(?:日期)?(?:和|与|與)?(?:时间|時間)',
  '現在の(?:日時|時刻|時間)',
  '현재 ?(?:날짜|시간|시각|일시)(?: ?(?:및|와) ?(?:날짜|시간|시각))?',
];
/** Other words of the present: they are left as they are, and where one stands, so is the clock. */
const MENTIONS = [
  `(?:the )?(?:local|present|system)[ _-](?:(?:local|system|utc)[ _-])?(?:${CURRENT}|day)${AND}`,
  'current[ _-]day',
  'it(?: is|.s) (?:now|currently)',
  'today(?= is\\b|: )',
  'the (?:date and time|time and date|time|date)(?= is\\b| now\\b)',
  'now(?= is\\b|[:=])',
  '(?:heute|jetzt) ist(?: es| der)?',
  'es ist (?:jetzt|gerade)',
  'nous sommes le',
  'il est (?:actuellement|maintenant)',
  'hoy es',
  'hoje é',
  'oggi è',
];
const MENTIONS_WITHOUT_BLANKS = [
  '(?:现在|現在)的?(?:日期)?(?:和|与|與)?(?:时间|時間)',
  '(?:现在|現在|今天)是',
  '現在(?:日時|時刻)',
];

/** A name that alone is taken for one, where it begins. */
export const NAME = new RegExp(`(?:${[...NAMES, ...NAMES_WITHOUT_BLANKS].join('|')})(?![${LETTERS}])`, 'y');

/** Between a name and its value: "is", a colon, with marks of Markdown or quotation around it. */
const MARKS = '["\'*_`]{0,3}';
const LINK = `${MARKS} ?(?:is now|is|ist|est|es|è|é|是|は|为|為|은|는|[:=：])${MARKS} {0,2}${MARKS}`;

const ZONE =
  '(?: ?(?:z\\b|(?:utc|gmt)?[+-]\\d{2}:?\\d{2}|(?:utc|gmt)(?:[+-]\\d{1,2})?|(?:ces?t|ees?t|wes?t|bst|ist|msk|jst|kst|ae[sd]t|[ecmp][sd]t)\\b|[a-z]{3,9}/[a-z_]{3,20}\\b))?';
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

const THEN_TIME = '(?:t|[,，]? ?(?:(?:at|um|à|a las|às|alle(?: ore)?|kl\\.|в) )?)';
const THEN_DATE = '(?:,? (?:on|am|le|el|em|il|op) |, | )';

/** Any of these: the first group, or all of it. What must not stand before it is read, as to look back takes twice as long. */
export const PRESENT = new RegExp(
  `(?:^|[^${LETTERS_AND_DIGITS}_])(${[...NAMES, ...MENTIONS].join('|')})(?! ?zone)|${[...NAMES_WITHOUT_BLANKS, ...MENTIONS_WITHOUT_BLANKS].join('|')}`,
  'g',
);

/**
 * What is told behind such a name, piece by piece, each looked for where the one before it has ended. One pattern for all of it
 * would take 50 ms when it is first used, and each of these takes a few.
 */
export const TOLD = {
  link: new RegExp(LINK, 'y'),
  /** Where it is, or which weekday. */
  remark: / ?\([^()\n]{1,60}\)/y,
  date: new RegExp(DATE, 'y'),
  time: new RegExp(TIME, 'y'),
  thenDate: new RegExp(THEN_DATE, 'y'),
  thenTime: new RegExp(THEN_TIME, 'y'),
  /** The end of the line, or of a sentence. */
  end: new RegExp(`${MARKS}(?:[.;。]?[ \\t\\r]*(?=\\n|$)|\\.(?= )|。)`, 'y'),
} as const;

/** Another time of day, in whatever form. */
export const TIME_OF_DAY = /(?:^|\D)(?:[01]?\d|2[0-3])[:h][0-5]\d(?!\d)|\d ?(?:[ap]m\b|[ap]\.m\.|uhr\b|[時时點点시])/;

const CLOCKS = '(?:time|timestamp|clock|hour|date|uhrzeit|zeit|datum|zeitpunkt|heure|hora|fecha|ora|data|tijd)';
const WHERE =
  '(?:above|preceding|aforementioned|stated|mentioned|provided|given|shown|(?:first|top) (?:line|message)|at the (?:top|beginning|start)|(?:system|your) (?:prompt|message|instructions?)|deine[mnr]? (?:system-?)?(?:prompt|anweisung(?:en)?|nachricht)|(?:tes?|ton|vos|votre|tus?|sus?|tuo|tue) (?:prompt|instructions?|instrucciones|istruzioni)|oben|obige[nrs]?|genannte[nrs]?|angegebene[nrs]?|ci-dessus|arriba|sopra)';
const POINTED_AT_HAN = '(?:上面|以上|上述|上記|提示词)[^。\\n]{0,10}(?:时间|時間|日期|時刻|日時)|위의? ?(?:시간|날짜)';
const ASKED = '(?:how late|what time)';

/** Words with which somebody points at a clock that was told elsewhere: "the time above", "the date in your instructions". */
export const POINTS_AT_CLOCK = new RegExp(
  `\\b(?:${CLOCKS}\\b[^.!?\\n]{0,40}\\b${WHERE}(?![${LETTERS}])|${WHERE}\\b[^.!?\\n]{0,40}\\b${CLOCKS}\\b|${ASKED}\\b[^\\n]{0,80}\\b${WHERE}\\b|(?:line|text|sentence|words?)s? above\\b|above (?:line|text|sentence)s?\\b)|${POINTED_AT_HAN}`,
);

/**
 * Words of hours, of greetings, of being early, late or open: where one stands, a time of day may matter to the answer. No such list
 * is complete.
 */
const HOUR_WORDS = [
  'hour hours hr hrs min mins minute minutes sec secs second seconds clock clocks now late later latest lately early earlier today tonight night nights morning mornings afternoon evening evenings noon midnight tomorrow yesterday ago until till since soon still already yet daily deadline due open opens opened opening close closes closed closing hello awake breakfast lunch dinner sunrise sunset',
  'uhr stunde stunden minute minuten sekunde sekunden jetzt gerade früh heute morgen morgens mittag mittags abend abends nacht nachts noch schon geöffnet offen auf geschlossen bis',
  'heure heures maintenant tard tôt matin soir soirée nuit midi minuit bonjour bonsoir bonne encore déjà ouvert ouverte ouverts fermé fermée demain',
  'hora horas ahora tarde temprano mañana noche mediodía medianoche buenos buenas ya todavía aún abierto abierta cerrado cerrada hoy agora cedo manhã noite bom boa já ainda aberto aberta fechado fechada hoje',
  'ora ore adesso tardi presto mattina mattino sera notte mezzogiorno mezzanotte già ancora aperto aperta aperti chiuso chiusa oggi domani',
  'tijd uur laat vroeg nu ochtend middag avond dicht al nog straks',
  'час часа часов сейчас рано день днем днём уже ещё еще сегодня завтра',
  'teraz późno rano klockan klokken tid sent saat zaman şimdi geç erken sabah akşam gece óra idő ceas giờ jam pukul waktu',
];
/** With these a word begins. */
const HOUR_STEMS =
  'schedul remind alarm greet sleep zeit tageszeit spät früh grüß begrüß salu ouvr ferm cumpriment buon врем минут секунд поздн утр вечер ноч добр здравств привет открыт закрыт godzin czas wieczor kell hodin čas';
/** Parts of any word: "date-time", "current_time". */
const HOUR_PARTS =
  'time|uhrzeit|o.clock|时间|時間|时候|几点|幾點|点|點|现在|現在|今|何時|時刻|早|晚|夜|朝|昼|上午|下午|中午|你好|您好|こんにちは|おはよう|こんばんは|시간|시각|몇 시|몇시|지금|오전|오후|아침|점심|저녁|밤|안녕';
// Plain words in their order: a pattern of these is looked up letter by letter, not word by word.
const ofWords = (words: string): string => words.split(' ').toSorted().join('|');
const OF_HOURS = [
  new RegExp(
    `(?:^|[^${LETTERS}])(?:(?:${ofWords(HOUR_WORDS.join(' '))}|(?:at|in|um|à|a las|alle|às|в) \\d{1,4})(?![${LETTERS}])|${ofWords(HOUR_STEMS)})`,
  ),
  new RegExp(HOUR_PARTS),
  /\d ?(?:[ap]m|h|min|s|sec|uhr)\b|\d:\d\d/,
  // A letter of another script than those: no word of the time is known in it.
  /[^\0-\u036f\u0400-\u052f\u1100-\u11ff\u1e00-\u1eff\u2000-\u9fff\uac00-\udfff\uf900-\ufaff\ufe30-\uffff]/,
];

/** Whether a text in small letters may speak of the time of day, or of anything that depends on it. */
export const isOfHours = (low: string): boolean => OF_HOURS.some((form) => form.test(low));
