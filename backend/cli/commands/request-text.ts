// One request in full: where its time went, as a waterfall, why it was slow, why it was not served from the cache,
// where its prompt diverged from the one before, and what was kept stable in it.
import { shownCaller } from '../../contract/apps.ts';
import type { RequestFact } from '../../contract/views/control.ts';
import { isGivenAtOnce } from '../../contract/views/given-at-once.ts';
import { count, dayAndTime, duration, NOTHING, plural } from '../../contract/in-words.ts';
import type { Pinned, PinPiece } from '../../contract/rules/pin-rule.ts';
import type { Parted, Phases, RequestDetail, Why } from '../../contract/views/request-detail.ts';
import type { Terminal } from '../command-host.ts';
import { painted, type Tone } from '../terminal/paint.ts';
import { facts, plainText, widthOf, wrapped, type Cell } from '../terminal/table.ts';

type Screen = Pick<Terminal, 'columns' | 'hasColours'>;
type Whole = RequestFact & { readonly detail?: RequestDetail };

export function detailText(fact: Whole, screen: Screen, now: number): string {
  const { detail } = fact;
  const parts = [
    facts(factsOf(fact, now), screen),
    ...(detail === undefined || isGivenAtOnce(fact.source, detail)
      ? [
          'A kept answer, given at once: it neither waited nor ran.\n',
          detail?.pinned === undefined ? '' : pinnedText(detail.pinned, screen),
        ]
      : [
          waterfall(detail, fact, screen),
          whyText('Why it was slow', detail.why_slow, screen),
          whyText('Why it was not served from the cache', detail.why_missed, screen),
          detail.parted === undefined ? '' : partedText(detail.parted, screen),
          detail.pinned === undefined ? '' : pinnedText(detail.pinned, screen),
        ]),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function factsOf(fact: Whole, now: number): readonly (readonly [string, string | Cell])[] {
  const { detail } = fact;
  const answer: Tone | undefined = fact.status === 'failed' ? 'bad' : undefined;
  const pairs: readonly (readonly [string, string | Cell | undefined])[] = [
    ['Request', { text: fact.request_id, tone: 'strong' }],
    [
      'Came',
      `${dayAndTime(Date.parse(fact.created_at))}, ${duration(Math.max(0, now - Date.parse(fact.created_at)))} ago`,
    ],
    ['App', appOf(fact.caller)],
    ['Asked', `${fact.model} on ${fact.route}`],
    ['Class', fact.class === undefined ? undefined : `${fact.class}, by ${fact.class_by ?? 'default'}`],
    [
      'Answered',
      {
        text: `${fact.status}, ${fact.source}, in ${duration(fact.total_ms)}${fact.code === undefined ? '' : ` (${fact.code})`}`,
        ...(answer === undefined ? {} : { tone: answer }),
      },
    ],
    ['Error', detail?.error === undefined ? undefined : { text: detail.error, tone: 'bad' }],
    ['Tokens', detail === undefined || isGivenAtOnce(fact.source, detail) ? undefined : tokensOf(detail)],
    [
      'Context',
      detail?.context === undefined
        ? undefined
        : `${count(detail.context.tokens)} of ${count(detail.context.size)} tokens`,
    ],
    [
      'Shared',
      detail === undefined || detail.shared_with === 0 ? undefined : `with ${plural(detail.shared_with, 'other')}`,
    ],
    ['Cache key', detail?.cache_key],
  ];
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** The display name, plus the raw name if it differs. */
function appOf(caller: string): string {
  const shown = shownCaller(caller);
  return shown === caller ? caller : `${shown} (${caller})`;
}

function tokensOf({ tokens, rates }: RequestDetail): string {
  const { prompt, reused, reused_by, answer } = tokens;
  const again =
    reused === null ? '' : `, ${count(reused)} of them reused${reused_by === 'estimated' ? ' (estimated)' : ''}`;
  const speed = rates.answer === null ? '' : ` at ${Math.round(rates.answer)} a second`;
  return `${shown(prompt)} of the prompt${again}; ${shown(answer)} of the answer${speed}`;
}

const shown = (value: number | null): string => (value === null ? NOTHING : count(value));

// ---- the waterfall

const STEPS: readonly (readonly [keyof Phases, string, Tone])[] = [
  ['turn_ms', 'Waited for its turn', 'dim'],
  ['place_ms', 'Waited in line', 'dim'],
  ['load_ms', 'Loaded the model', 'warn'],
  ['prompt_ms', 'Read the prompt', 'heat'],
  ['generation_ms', 'Wrote the answer', 'good'],
  ['delivery_ms', 'Delivered', 'dim'],
];
const MOST_BAR = 60;
const LEAST_BAR = 10;

/** Each step as a bar, with its start and its length. */
function waterfall({ phases, place, load }: RequestDetail, { total_ms }: RequestFact, screen: Screen): string {
  const label = Math.max(...STEPS.map(([, name]) => widthOf(name)));
  const times = STEPS.map(([key]) => plainText(phases[key] === null ? NOTHING : duration(phases[key])));
  const time = Math.max(...times.map(widthOf));
  const room = Math.min(MOST_BAR, Math.max(LEAST_BAR, (screen.columns ?? 80) - label - time - 4));
  const sum = STEPS.reduce((total, [key]) => total + (phases[key] ?? 0), 0);
  const scale = room / Math.max(1, sum, total_ms);
  let began = 0;
  const lines = STEPS.map(([key, name, tone], i) => {
    const ms = phases[key] ?? 0;
    const from = Math.min(room - 1, Math.floor(began * scale));
    began += ms;
    const bar = ms === 0 ? '' : '█'.repeat(Math.max(1, Math.min(room, Math.round(began * scale)) - from));
    const drawn = ' '.repeat(from) + painted(bar, tone, screen.hasColours);
    return `${name.padEnd(label)}  ${(times[i] ?? '').padStart(time)}  ${drawn}`.trimEnd();
  });
  const more = [
    place === undefined ? '' : placeOf(place),
    load === undefined ? '' : `Load: ${load.replace(/\.$/, '')}.`,
    phases.first_token_ms === null ? '' : `The first token came at ${duration(phases.first_token_ms)}.`,
  ].filter((line) => line !== '');
  return [...lines, ...more.map((line) => wrapped(line, screen.columns))].join('\n').concat('\n');
}

function placeOf({ position, behind, gave_way }: NonNullable<RequestDetail['place']>): string {
  const names = [...new Set(behind.map(shownCaller))];
  const who = names.length === 0 ? '' : `, behind ${names.join(', ')}`;
  const way = gave_way === 0 ? '' : ` It gave way ${plural(gave_way, 'time')}.`;
  return `It was number ${position} in line when it came${who}.${way}`;
}

// ---- the sentences

function whyText(title: string, why: Why | undefined, screen: Screen): string {
  if (why === undefined) return '';
  const setting = why.setting === undefined ? '' : `Setting: ${why.setting.path} (${why.setting.label}).`;
  const lines = [why.text, why.more ?? '', setting].filter((line) => line !== '');
  return [painted(title, 'strong', screen.hasColours), ...lines.map((line) => wrapped(line, screen.columns))]
    .join('\n')
    .concat('\n');
}

function partedText(parted: Parted, screen: Screen): string {
  const { with: other, same_chars, chars, same_tokens, where, what, reused_tokens, known_by, block } = parted;
  const about = block > 1 ? 'about ' : '';
  const isWhat = what === undefined ? '' : `: ${what}`;
  const lines = [
    `Compared with ${other.request_id}, the same for ${about}${count(same_chars)} of ${count(chars)} characters (about ${plural(same_tokens, 'token')}); then ${where} differs${isWhat}.`,
    reused_tokens === null ? '' : `Ollama reused ${plural(reused_tokens, 'token')} (${known_by}).`,
    spanOf('Then', parted.then),
    spanOf('Now ', parted.now),
  ].filter((line) => line !== '');
  const title = painted('Where its prompt parted from the one before', 'strong', screen.hasColours);
  return [title, ...lines.map((line) => wrapped(line, screen.columns, '  '))].join('\n').concat('\n');
}

const PINNED: Readonly<Record<Pinned['how'], string>> = {
  pin: 'The check digits of its first line went up as zeros.',
  to_end: 'The time went up at the end of the last message.',
  to_day: 'Of the time only its day went up.',
};

function pinnedText({ done, saved_tokens }: NonNullable<RequestDetail['pinned']>, screen: Screen): string {
  const lines = done.flatMap(({ how, diff }) => [
    PINNED[how],
    ...(diff === undefined ? [] : [`Sent: ${piecesOf(diff.sent)}`, `Kept: ${piecesOf(diff.now)}`]),
    ...(diff?.end === undefined ? [] : [`At its end: ${piecesOf([{ text: diff.end, differs: true }])}`]),
  ]);
  const saved = saved_tokens === null ? [] : [`By that Ollama reused about ${plural(saved_tokens, 'token')} more.`];
  const title = painted('What was kept the same in its prompt', 'strong', screen.hasColours);
  return [title, ...[...lines, ...saved].map((line) => wrapped(line, screen.columns, '  '))].join('\n').concat('\n');
}

function piecesOf(pieces: readonly PinPiece[]): string {
  return pieces.map(({ text, differs }) => (differs === true ? `[${text}]` : text)).join('');
}

/** The difference is in brackets, so that it is visible without colour. */
function spanOf(name: string, span: Parted['then']): string {
  return span === undefined ? '' : `${name}: …${span.before}[${span.differs}]${span.after}…`;
}
