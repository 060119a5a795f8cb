// Where the prompts of each app part, and what that costs: of the requests that ended last, the costly places first.
import { expect, test } from 'vitest';
import type { Partings } from '../../../../backend/contract/views/parting-places.ts';
import type { Parted, RequestDetail } from '../../../../backend/contract/views/request-detail.ts';
import { partingsOf as partingsBy } from '../../../../backend/core/stories/reasons/partings.ts';
import type { LoggedRequest } from '../../../../backend/core/requests/request-log.ts';
import { loggedRequest, someDetail } from '../../../support/logged-requests.ts';

const partingsOf = (requests: readonly LoggedRequest[]): Partings => partingsBy(requests, () => true);

const NOON = Date.parse('2026-11-27T12:00:00Z');
let made = 0;

interface Made {
  readonly caller?: string;
  readonly parted?: Partial<Parted>;
  /** Prompt tokens a second. */
  readonly rate?: number | null;
}

/** A prompt that parts at the top, of which 18,000 tokens are the same again after that; a second after the one before. */
function asked({ caller = 'Claude Code', parted = {}, rate = 1000 }: Made = {}): LoggedRequest {
  made++;
  const detail: RequestDetail = {
    ...someDetail,
    tokens: { ...someDetail.tokens, prompt: 18_026 },
    rates: { prompt: rate, answer: 44 },
    parted: { ...(someDetail.parted as Parted), same_after_tokens: 18_000, ...parted },
  };
  return loggedRequest({ id: `r${made}`, createdAt: NOON + made * 1000, caller, detail });
}

test('an app whose prompts part is told with the place, how often, and what reading again took', () => {
  const requests = [asked(), asked({ rate: 500 }), asked(), asked(), asked({ parted: { same_after_tokens: 0 } })];
  const { compared, since, places } = partingsOf(requests.toReversed());
  expect([compared, since]).toEqual([5, new Date(requests[0]?.createdAt ?? 0).toISOString()]);
  expect(places).toEqual([
    {
      caller: 'Claude Code',
      model: 'm',
      where: 'the system prompt',
      same_chars: 71,
      chars: 84_930,
      block: 1,
      times: 4,
      of: 5,
      again_tokens: 18_000,
      again_ms: 22_500,
      last: requests.slice(1, 4).map(({ id, createdAt, detail }) => ({
        request_id: id,
        created_at: new Date(createdAt).toISOString(),
        now: detail?.parted?.now,
      })),
    },
  ]);
});

test('a place is one part and one kind of change of an app; what costs most comes first', () => {
  const { places } = partingsOf([
    asked({ parted: { what: 'a clock' } }),
    asked({ parted: { where: 'message 3', same_after_tokens: 500 } }),
    asked({ parted: { where: 'message 7', same_after_tokens: 700 } }),
    asked({ caller: 'aider', rate: null }),
    asked({ caller: 'aider', rate: null }),
  ]);
  expect(places.map(({ caller, where, what, times, again_ms }) => [caller, where, what, times, again_ms])).toEqual([
    ['aider', 'the system prompt', undefined, 2, null],
    ['Claude Code', 'the system prompt', 'a clock', 1, 18_000],
    ['Claude Code', 'message 7', undefined, 2, 600],
  ]);
});

test('nothing is claimed where nothing was lost, or where it is not known', () => {
  const places = partingsOf([
    asked({ parted: { goes_on: true, same_after_tokens: 0 } }),
    // The last tokens of a prompt are read in any case.
    asked({ parted: { same_after_tokens: 20 } }),
    asked({ parted: { reused_tokens: null } }),
    // Two questions that have a signature in common.
    asked({ parted: { same_chars: 0, same_tokens: 0 } }),
    loggedRequest({ id: 'hit', createdAt: NOON, source: 'hit' }),
  ]);
  expect(places).toMatchObject({ compared: 4, places: [] });
  expect(partingsOf([])).toEqual({ compared: 0, since: null, places: [], offers: [] });
});

test('an offer never claims more than was read, and counts only what would have helped', () => {
  const pinnable = { what: 'billing_line', how: 'pin', tokens: 30_000 } as const;
  const requests = [
    asked({ parted: { pinnable } }),
    asked({ parted: { pinnable }, rate: 500 }),
    asked({ parted: { pinnable: { ...pinnable, tokens: 9000 } }, caller: 'claude-cli/2.1.0 (external, cli)' }),
    // Ollama had all of it all the same, or it would have saved next to nothing.
    asked({ parted: { pinnable, reused_tokens: 18_020 } }),
    asked({ parted: { pinnable: { ...pinnable, tokens: 200 } } }),
  ];
  expect(partingsOf(requests.slice(0, 2)).offers).toEqual([]);
  expect(partingsOf(requests).offers).toMatchObject([{ what: 'billing_line', times: 3, tokens: 15_000, ms: 21_000 }]);
  expect(partingsBy(requests, (_, what) => what === 'clock').offers).toEqual([]);
});

test('two that help only together are one offer, and none where one of them is settled', () => {
  const also = [{ what: 'clock', how: 'to_end' }] as const;
  const pinnable = { what: 'billing_line', how: 'pin', also: [...also], tokens: 9000 } as const;
  const requests = [1, 2, 3].map(() => asked({ parted: { pinnable: { ...pinnable, also: [...also] } } }));
  expect(partingsOf(requests).offers).toMatchObject([{ what: 'billing_line', also, times: 3, tokens: 9000 }]);
  expect(partingsBy(requests, (_, what) => what === 'billing_line').offers).toEqual([]);
});

test('what stood behind a change is no loss of that where another prompt had taken the place', () => {
  expect(partingsOf([asked({ parted: { held_tokens: 26 } })]).places).toEqual([]);
  expect(partingsOf([asked({ parted: { held_tokens: 5026 } })]).places).toMatchObject([{ again_tokens: 5000 }]);
  // Ollama left a part of it out.
  const [cut] = [asked()].map((one) => ({ ...one, detail: one.detail && { ...one.detail, context: { tokens: 9000, size: 4096 } } })); // prettier-ignore
  expect(partingsOf(cut === undefined ? [] : [cut])).toMatchObject({ compared: 1, places: [] });
});
