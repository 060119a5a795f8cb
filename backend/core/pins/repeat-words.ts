// How somebody asks a model for the instructions that it was given, word for word or not, in the languages in which clocks are known. Where
// one of their words stands, the sentence around it is looked at. Pure.
import { small } from './clock-words.ts';

/** Parts of words that stand in every name of instructions; behind them what points at all that was said before. */
const NAMES =
  'prompt|instru|istruz|anweis|anleit|consigne|directi|indica|message|mensa|messagg|nachricht|промпт|промт|инструк|указани|сообщен|提示|指令|指示|设定|設定|命令|消息|訊息|プロンプト|メッセージ|프롬프트|지시|지침|명령|메시지';
const BEFORE =
  'above|so far|before this|oben|bisher|dessus|arriba|acima|sopra|hierboven|выше|以上|上面|上述|前面|上記|これまで|ここまで|위의|위에|위 |지금까지';
/** What stands at the beginning of all, in plain words. */
const BEGINNING = [
  '(?:first|initial|opening|1st) (?:\\d+ |few |two |three )?(?:lines?|sentences?|words?|texts?|characters?|tokens?|paragraphs?|parts?)(?![a-z])|context window|your (?:\\w{1,20} )?context(?![a-z])|(?:beginning|start|top) of (?:this|the|your|our) (?:conversation|chat|context|prompt)',
  'erste[nrsm]? (?:\\d+ )?(?:zeile|sätze|satz|wort|wörter|zeichen|absatz)|am anfang|zu beginn|ganz oben|dein(?:en|em)? kontext',
  'premi[èe]re?s? (?:lignes?|phrases?|mots?|caract)|au (?:tout )?début|ton contexte|votre contexte',
  'primer[ao]?s? (?:l[ií]neas?|frases?|palabras?)|al (?:principio|inicio|comienzo)|tu contexto|primeir[ao]s? (?:linhas?|frases?|palavras?)|no (?:início|começo)|seu contexto',
  'prim[aeoi] (?:righ?[ae]|fras[ei]|parol[ae])|all.inizio|eerste (?:regel|zin|woord)|aan het begin|перв[а-яё]+ (?:строк|фраз|слов)|в (?:самом )?начале',
  '第一(?:行|句|段)|[开開][头頭]|上下文|最初の(?:行|文|一文)|[一1]行目|冒頭|コンテキスト|첫 ?(?:번째 )?(?:줄|행|문장)|맨 ?(?:처음|위)|컨텍스트',
].join('|');
const WORDS = new RegExp(`${NAMES}|(${BEFORE})|(${BEGINNING})`, 'g');

/** A pattern of words, each as a whole or as the beginning of one, and of words written without blanks. */
function anyOf(words: readonly string[], withoutBlanks: readonly string[]): { test(sentence: string): boolean } {
  const ofWords = new RegExp(`(?:^|[^a-z0-9_\\u00df-\\u024f\\u0400-\\u04ff])(?:${words.join('|')})`);
  const ofOthers = new RegExp(withoutBlanks.join('|'));
  // These are long, and most sentences have none of their letters.
  return { test: (sentence) => ofWords.test(sentence) || (OTHER_LETTERS.test(sentence) && ofOthers.test(sentence)) };
}

const OTHER_LETTERS = /[?\u3000-\uffef]/;

/** Up to so many words between. */
const SOME = '(?:[^\\s,]{1,20},? ){0,3}[^\\s]{0,12}';

/** The instructions of the one who is spoken to, or of the system. */
const THEIRS = anyOf(
  [
    'system[ -]?(?:prompt|message|instruction|anweis|nachricht)',
    `(?:your|ur|initial|original|previous|prior|preceding|earlier|hidden|secret|underlying|developer|full|entire|exact) ${SOME}(?:prompt|instruction|directive|message)`,
    'instructions? (?:do|did|have|were|are) you',
    '(?:prompt|instructions?|directives?|message)s? (?:that |which )?(?:above|you (?:were|have|had|got|received|follow|are)|given to you|at the (?:top|beginning|start))',
    `(?:deine?|eure?|ihre?|ursprüngliche|obige|vorige|bisherige|interne|versteckte|geheime)[mnrs]? ${SOME}(?:prompt|anweis|anleit|instrukt)`,
    `(?:tes|ton|vos|votre) ${SOME}(?:prompt|instruct|consigne|directive|message)`,
    '(?:prompt|instructions?|consignes?|message) (?:du )?(?:syst|initia|origin|précéd|preced)',
    `(?:tus?|sus?|vuestr[ao]s?) ${SOME}(?:prompt|instruc|indicac|mensaje|directi)`,
    '(?:prompt|instrucciones|mensaje|indicaciones) (?:del? sistema|inicia|origina|anterior)',
    `(?:teus?|tuas?|seus?|suas?) ${SOME}(?:prompt|instru|mensagem|indicac)`,
    '(?:prompt|instruç[õo]es|instrucoes|mensagem) (?:d[eo] sistema|inicia|origina|anterior)',
    `(?:tuoi?|tu[ae]|suoi?|su[ae]|vostr[eio]) ${SOME}(?:prompt|istruz|messaggio|indicaz)`,
    '(?:prompt|istruzioni|messaggio) (?:di sistema|inizial|original|precedent)',
    `(?:jouw|je|uw|jullie|oorspronkelijke|eerdere|bovenstaande) ${SOME}(?:prompt|instructie)`,
    'systeem[ -]?(?:prompt|instructie)',
    '(?:тво|ваш|сво|систем|исходн|первоначальн|предыдущ|начальн|скрыт)[а-яё]* (?:[а-яё]+ ){0,2}(?:промпт|промт|инструкци|указани|сообщени)',
  ],
  [
    '(?:系统|系統)的?(?:提示|指令|指示|消息|設定|设定)',
    '[你您][^，。,]{0,8}(?:提示|指令|指示|设定|設定)',
    '(?:初始|原始|最初|上述|以上|上面|之前)的?(?:提示|指令|指示|设定|設定)',
    'システム ?(?:プロンプト|メッセージ|指示|命令)',
    '(?:あなた|君|きみ|お前)[^、。]{0,12}(?:プロンプト|指示|命令|設定)',
    '(?:最初|上記|以上|元|初期|これまで|前)の(?:プロンプト|指示|命令)',
    '시스템 ?(?:프롬프트|메시지|지시|지침|명령)',
    '(?:너|네|니|당신|귀하)(?:의|가|에게|한테)? ?[^.,]{0,10}(?:프롬프트|지시|지침|명령)',
    '(?:초기|원래|최초|처음|이전|위의?) ?(?:프롬프트|지시|지침|명령)',
  ],
);

/** To ask for something, of whatever kind; a question is one too. */
const ASKS = anyOf(
  [
    "(?:repeat|recit|quot|print|output|show|tell|say|reveal|copy|giv|list|shar|writ|display|dump|reproduc|expos|disclos|leak|send|past|typ|echo|stat|read|provid|return|present|spell|translat|summar|paraphras|describ)(?:e|es|ed|ing)?(?![a-z])|summari|(?:can|may|could) i|let me|i (?:want|need)|what(?:['’]?s)?(?![a-z])|which|please|verbatim|word (?:for|by) word",
    '(?:zitier|wiederhol|nenn|zeig|gib|gebt|geben sie|liste|schreib|verrat|sag|teil|kopier|drucke|übersetz|fass|wie (?:laute|hei)|was (?:steht|ist|sind|sagt)|welche|wörtlich|wort für wort|bitte)',
    '(?:r[ée]p[èée]t|r[ée]cit|cite|montre|affich|donn|dis|dites|écri|ecri|liste|partag|r[ée]v[èée]l|copi|recopi|tradui|r[ée]sum|quel|qu.est|que di|imprim|mot (?:pour|à|a) mot|textuel|s.il (?:te|vous)|communiqu|fourni|envoi)',
    '(?:repit|repet|recit|cit|muestr|muéstr|mostr|enseñ|ensén|dame|dime|deme|escrib|list|enumer|compart|revel|copi|traduc|resum|imprim|cuál|cual|qué (?:dic|son)|que dic|palabra por palabra|textual|literal|por favor)',
    '(?:exib|diga|diz|dê|dá|escrev|compartilh|partilh|traduz|qual|quais|o que (?:diz|está|são)|palavra por palavra)',
    '(?:ripet|dammi|dimmi|scriv|elenc|condivid|rivel|riassum|stamp|quali?|(?:che )?cosa (?:dic|c)|parola per parola|testual|letteral|per favore|visualizz)',
    '(?:herhaal|citeer|toon|laat|geef|zeg|vertel|schrijf|noem|deel|onthul|kopieer|wat (?:is|zijn|staat|zegg)|welke|woord voor woord|letterlijk|alsjeblieft|vertaal)',
    '(?:повтор|процитир|цитир|покаж|вывед|напиш|скаж|расскаж|раскро|назов|перечисл|подел|скопир|перевед|дай|дослов|слово в слово|как(?:ов|ие|ой|ая)|что |пожалуйста|привед|перескаж|распечат)',
  ],
  [
    '\\?\\s*$|？\\s*$',
    '重[复複]|[复複]述|背诵|背誦|引用|打印|列印|[输輸]出|[显顯]示|告[诉訴]|[给給]我|展示|列出|分享|[写寫][出下]|透露|[复複][制製]|[翻][译譯]|[说說]出|什[么麼]|逐字|原文|一字不|是啥|哪些|[总總][结結]',
    '繰り返|くり返|くりかえ|復唱|出力|表示|見せ|みせ|教え|おしえ|書い|書き|書け|リスト|列挙|一覧|共有|明か|コピー|翻訳|訳し|言って|ください|下さい|何|なに|なん|そのまま|一字一句|要約|印刷',
    '반복|되풀이|인용|출력|보여|알려|말해|써|적어|나열|공유|공개|복사|번역|뭐|무엇|무슨|뭔|그대로|요약|줘|주세요|어떤|인쇄',
  ],
);

/** To ask for what was said, word for word. */
const REPEATS = anyOf(
  [
    '(?:repeat|recit|quot)(?:e|ing)?(?![a-z])|verbatim|word (?:for|by) word|zitier|wiederhol|wort für wort|wörtlich|rép[èée]t|repète|récit|mot (?:pour|à|a) mot|repit|repet(?:e|ir)(?![a-z])|palabra por palabra|palavra por palavra|ripet|parola per parola|herhaal|citeer|woord voor woord|повтор|процитир|дослов|слово в слово',
  ],
  ['重[复複]|[复複]述|背诵|背誦|逐字|一字不|繰り返|くり返|くりかえ|復唱|一字一句|반복|되풀이|그대로'],
);

/** To ask for all of something. */
const ALL = anyOf(
  [
    '(?:print|output|copy|echo|display)[^\\n]{0,20} (?:everything|all (?:of )?the|the (?:text|words))(?![a-z])',
    '(?:gib|gebt|drucke|schreib|kopier|toon|geef|print)[^\\n]{0,20} alles',
    '(?:affich|imprim|copi|écri)[^\\n]{0,20} tout(?![a-zé])',
    '(?:muestr|muéstr|mostr|imprim|copi|escrib|exib|escrev|stamp|scriv)[^\\n]{0,20} (?:todo|tudo|tutto)(?![a-z])',
    '(?:вывед|распечат|скопир|покаж|напиш)[^\\n]{0,20} вс[её](?![а-я])',
  ],
  [
    '(?:[输輸]出|打印|列印|[显顯]示|[复複][制製]|[写寫]出)[^。\\n]{0,12}(?:以上|上面|前面|上述)',
    '(?:以上|上記|これまで|ここまで)[^。\\n]{0,12}(?:出力|表示|コピー)',
    '(?:위의|위에|위 |지금까지)[^.\\n]{0,16}(?:출력|표시|복사)',
  ],
);

/** So many sentences are looked at; where there are more, one of them may ask. */
const MOST_SENTENCES = 64;
/** A sentence is looked at so far before and behind a word. */
const REACH = 160;
const ENDS = /[.!?。！？\n]/;

/** Whether a text asks for the instructions: then each of their characters may be asked for. In doubt it does. */
export function asksForInstructions(text: string): boolean {
  const low = small(text);
  let looked = 0;
  WORDS.lastIndex = 0;
  for (let found = WORDS.exec(low); found !== null; found = WORDS.exec(low)) {
    if (++looked > MOST_SENTENCES) return true;
    const { from, to } = sentenceAround(low, found.index);
    const sentence = low.slice(from, to);
    const [, before, beginning] = found;
    const isAsked =
      REPEATS.test(sentence) ||
      (before === undefined
        ? ASKS.test(sentence) && (beginning !== undefined || THEIRS.test(sentence))
        : ALL.test(sentence));
    if (isAsked) return true;
    // No sentence is looked at for each of its words.
    WORDS.lastIndex = Math.max(WORDS.lastIndex, to);
  }
  return false;
}

/** The sentence around a place of a text, with what ends it. A line that ends in a colon goes on in the next one. */
function sentenceAround(text: string, at: number): { readonly from: number; readonly to: number } {
  const isEnd = (i: number): boolean =>
    ENDS.test(text.charAt(i)) && !(text.charAt(i) === '\n' && /[:：]/.test(text.charAt(i - 1)));
  let from = at;
  while (from > 0 && at - from < REACH && !isEnd(from - 1)) from--;
  let to = at;
  while (to < text.length && to - at < REACH && !isEnd(to)) to++;
  return { from, to: Math.min(text.length, to + 1) };
}
