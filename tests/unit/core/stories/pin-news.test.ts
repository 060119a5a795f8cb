// When it is told that something could be kept the same in the prompts of an app.
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../../backend/contract/config/config-sources.ts';
import type { PinOffer } from '../../../../backend/contract/parting-places.ts';
import type { Parted } from '../../../../backend/contract/request-detail.ts';
import type { Told } from '../../../../backend/core/ports.ts';
import { PinNews, type PinNewsParts } from '../../../../backend/core/stories/pin-news.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';
import { someDetail } from '../../../support/logged-requests.ts';

const { config } = resolveConfig({}, 'headless');
const ONE: PinOffer = {
  caller: 'an app',
  model: 'm',
  what: 'clock',
  how: 'to_end',
  times: 3,
  chars: 8,
  same_chars: 70,
  tokens: 20_000,
  ms: 18_000,
  turn: null,
  last: [],
};

/** What is told once an app has asked three times. */
async function toldOf(...offers: readonly PinOffer[]): Promise<Told[]> {
  const told: Told[] = [];
  const put = (_: string, one: Told | undefined): void => void (one && told.push(one));
  const partings: PinNewsParts['requestDesk']['partings'] = () =>
    Promise.resolve({ compared: 3, since: null, places: [], offers: [...offers] });
  const news = new PinNews({
    requestDesk: { partings },
    board: { put, list: [] },
    config: () => config,
    clock: new ManualClock(),
    life: new AbortController().signal,
  });
  const pinnable = { what: 'clock', how: 'to_end', tokens: 20_000 } as const;
  const parted = { ...(someDetail.parted as Parted), pinnable };
  for (let i = 0; i < 3; i++) news.ended({ caller: 'an app', trace: { parted } });
  await settled();
  return told;
}

test('an offer worth little a turn, though much in all, hides no other one of its app', async () => {
  const small = { ...ONE, model: 'small', times: 1000, tokens: 900, ms: 200 };
  const others = { ...ONE, caller: 'another app' };
  expect(await toldOf(others, small)).toEqual([]);
  expect(await toldOf(others, small, { ...ONE, what: 'billing_line', how: 'pin', chars: 9 }, ONE)).toMatchObject([
    { text: 'an app changes 9 characters at the top of each prompt; pinning them would save about 18 s a turn.' },
  ]);
});
