// Where the time of one request went, phase by phase in words and lengths. Pure.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { RequestFact } from '../../backend/contract/views/control.ts';
import { isGivenAtOnce } from '../../backend/contract/views/given-at-once.ts';
import type { RequestDetail } from '../../backend/contract/views/request-detail.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { count, fineDuration, NOTHING, ordinal } from '../parts/words.ts';
import { isLiving, type BarKind } from './listed-rows.ts';

export interface PhaseRow {
  readonly name: string;
  /** How it is drawn; a moment is a stroke. */
  readonly kind: BarKind | 'moment' | 'delivered';
  /** Where it begins and how long it is, in shares of the whole; undefined where it did not come to that. */
  readonly from: number;
  readonly length: number | undefined;
  readonly figure: string;
  /** The second line. */
  readonly more: string | undefined;
}

interface Phase {
  readonly name: string;
  /** While it is the one that goes on. */
  readonly now: string;
  readonly kind: PhaseRow['kind'];
  readonly ms: number | null;
  readonly more?: string | undefined;
}

/** The phases in the order of their times. `total`: milliseconds from the arrival to the end, or to now. */
export function phaseRows(request: RequestFact, detail: RequestDetail | undefined): PhaseRow[] {
  const total = request.total_ms;
  if (detail === undefined || isGivenAtOnce(request.source, detail)) {
    const whole = { kind: 'kept', from: 0, length: 1, figure: fineDuration(total), more: undefined } as const;
    return [{ ...whole, name: t(request.source === 'hit' ? 'requests.given' : 'requests.in_all') }];
  }
  const { phases } = detail;
  const spans: Phase[] = [
    ...(phases.turn_ms === null || phases.turn_ms === 0
      ? []
      : [
          {
            name: t('requests.turn_waited'),
            now: t('requests.turn_waits'),
            kind: 'waited' as const,
            ms: phases.turn_ms,
            more: t('requests.turn_more'),
          },
        ]),
    {
      name: t('requests.waited'),
      now: t('requests.waits'),
      kind: 'waited',
      ms: phases.place_ms,
      more: placeWords(detail),
    },
    {
      name: t('requests.loaded'),
      now: t('requests.loads'),
      kind: 'loaded',
      // No load took no time.
      ms: phases.load_ms === 0 ? null : phases.load_ms,
      more: detail.load?.replace(/\.$/, ''),
    },
    {
      name: t('requests.read'),
      now: t('requests.reads'),
      kind: 'read',
      ms: phases.prompt_ms,
      more: promptWords(detail),
    },
    {
      name: t('requests.answered'),
      now: t('requests.answers'),
      kind: 'answered',
      ms: phases.generation_ms,
      more: answerWords(detail),
    },
    { name: t('requests.delivered'), now: t('requests.delivers'), kind: 'delivered', ms: phases.delivery_ms },
  ];
  const going = isLiving(request) ? spans.findLast(({ ms }) => ms !== null) : undefined;
  const share = (ms: number): number => (total === 0 ? 0 : Math.min(1, Math.max(0, ms / total)));
  const rows: PhaseRow[] = [];
  let at = 0;
  for (const phase of spans) {
    if (phase.kind === 'answered') {
      at = phases.first_token_ms ?? at;
      rows.push(momentRow(phases.first_token_ms, share));
    }
    // One that is still to come is not yet worth a line.
    if (phase.kind === 'delivered' && phase.ms === null) continue;
    rows.push({
      name: phase === going ? phase.now : phase.name,
      kind: phase.kind,
      from: share(at),
      length: phase.ms === null ? undefined : Math.min(share(phase.ms), 1 - share(at)),
      figure: phase.ms === null ? NOTHING : fineDuration(phase.ms),
      more: phase.more,
    });
    at += phase.ms ?? 0;
  }
  return rows;
}

function momentRow(ms: number | null, share: (ms: number) => number): PhaseRow {
  return {
    name: t('requests.first_token'),
    kind: 'moment',
    from: ms === null ? 0 : share(ms),
    length: ms === null ? undefined : 0,
    figure: ms === null ? NOTHING : t('requests.at_time', { time: fineDuration(ms) }),
    more: undefined,
  };
}

/** "Third in line, behind Open WebUI and Continue" */
function placeWords({ place }: RequestDetail): string | undefined {
  if (place === undefined) return undefined;
  const { position, behind, gave_way } = place;
  const first = ordinal(position);
  const inLine =
    position === 0
      ? t('requests.not_in_line')
      : t('requests.in_line', { nth: `${first.charAt(0).toUpperCase()}${first.slice(1)}` });
  return [
    inLine,
    ...(behind.length === 0 ? [] : [t('requests.behind', { names: named([...new Set(behind.map(shownCaller))]) })]),
    ...(gave_way === 0 ? [] : [t('requests.gave_way', { n: gave_way })]),
  ].join(', ');
}

/** "a", "a and b", "a, b and 3 more" */
function named(names: readonly string[]): string {
  const rest = names.length - 2;
  return listed(rest < 1 ? names : [...names.slice(0, 2), t('requests.more', { n: rest })]);
}

/** "21,326 tokens at 1,159/s, 26 reused" */
function promptWords({ tokens, rates }: RequestDetail): string | undefined {
  if (tokens.prompt === null) return undefined;
  const reused = tokens.reused ?? 0;
  const isAbout = String(tokens.reused_by === 'estimated');
  const read = t('requests.tokens_read', { n: Math.max(0, tokens.prompt - reused), isAbout });
  const pace = rates.prompt === null ? '' : ` ${t('requests.pace', { pace: count(rates.prompt) })}`;
  return `${read}${pace}${tokens.reused === null ? '' : `, ${t('requests.reused', { n: reused, isAbout })}`}`;
}

/** "189 tokens at 44/s" */
function answerWords({ tokens, rates }: RequestDetail): string | undefined {
  if (tokens.answer === null) return undefined;
  const pace = rates.answer === null ? '' : ` ${t('requests.pace', { pace: count(rates.answer) })}`;
  return `${t('requests.tokens', { n: tokens.answer })}${pace}`;
}
