// Where the time of one request went, phase by phase in words and lengths. Pure.
import type { RequestFact } from '../../backend/contract/control.ts';
import type { RequestDetail } from '../../backend/contract/request-detail.ts';
import { count, fineDuration, NOTHING, ordinal, plural } from '../parts/words.ts';
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
  if (detail === undefined) {
    const whole = { kind: 'kept', from: 0, length: 1, figure: fineDuration(total), more: undefined } as const;
    return [{ ...whole, name: request.source === 'hit' ? 'Given from what was kept' : 'In all' }];
  }
  const { phases } = detail;
  const spans: Phase[] = [
    ...(phases.turn_ms === null || phases.turn_ms === 0
      ? []
      : [
          {
            name: 'Waited for its conversation',
            now: 'Waiting for its conversation',
            kind: 'waited' as const,
            ms: phases.turn_ms,
            more: 'An answer of the same conversation came first',
          },
        ]),
    {
      name: 'Waited for a turn',
      now: 'Waiting for a turn',
      kind: 'waited',
      ms: phases.place_ms,
      more: placeWords(detail),
    },
    {
      name: 'Loaded the model',
      now: 'Loading the model',
      kind: 'loaded',
      // No load took no time.
      ms: phases.load_ms === 0 ? null : phases.load_ms,
      more: detail.load?.replace(/\.$/, ''),
    },
    {
      name: 'Read the prompt',
      now: 'Reading the prompt',
      kind: 'read',
      ms: phases.prompt_ms,
      more: promptWords(detail),
    },
    {
      name: 'Answered',
      now: 'Answering',
      kind: 'answered',
      ms: phases.generation_ms,
      more: answerWords(detail),
    },
    { name: 'Delivered', now: 'Delivering', kind: 'delivered', ms: phases.delivery_ms },
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
    name: 'First token',
    kind: 'moment',
    from: ms === null ? 0 : share(ms),
    length: ms === null ? undefined : 0,
    figure: ms === null ? NOTHING : `at ${fineDuration(ms)}`,
    more: undefined,
  };
}

/** "Third in line, behind Open WebUI and Continue" */
function placeWords({ place }: RequestDetail): string | undefined {
  if (place === undefined) return undefined;
  const { position, behind, gave_way } = place;
  const first = ordinal(position);
  return [
    position === 0 ? 'Not in line' : `${first.charAt(0).toUpperCase()}${first.slice(1)} in line`,
    ...(behind.length === 0 ? [] : [`behind ${listed(behind)}`]),
    ...(gave_way === 0 ? [] : [`gave way ${gave_way === 1 ? 'once' : plural(gave_way, 'time')}`]),
  ].join(', ');
}

/** "a", "a and b", "a, b and 3 more" */
function listed(names: readonly string[]): string {
  const [first = '', second = ''] = names;
  if (names.length <= 1) return first;
  if (names.length === 2) return `${first} and ${second}`;
  return `${first}, ${second} and ${count(names.length - 2)} more`;
}

/** "21,326 tokens at 1,159/s, 26 reused" */
function promptWords({ tokens, rates }: RequestDetail): string | undefined {
  if (tokens.prompt === null) return undefined;
  const reused = tokens.reused ?? 0;
  const about = tokens.reused_by === 'estimated' ? 'about ' : '';
  const read = plural(Math.max(0, tokens.prompt - reused), 'token');
  const pace = rates.prompt === null ? '' : ` at ${count(rates.prompt)}/s`;
  return `${tokens.reused_by === 'estimated' ? 'About ' : ''}${read}${pace}${tokens.reused === null ? '' : `, ${about}${count(reused)} reused`}`;
}

/** "189 tokens at 44/s" */
function answerWords({ tokens, rates }: RequestDetail): string | undefined {
  if (tokens.answer === null) return undefined;
  return `${plural(tokens.answer, 'token')}${rates.answer === null ? '' : ` at ${count(rates.answer)}/s`}`;
}
