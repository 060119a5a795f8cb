// When it is told that something could be kept the same in the prompts of an app.
import { expect, test } from 'vitest';
import type { PinOffer } from '../../../../backend/contract/views/parting-places.ts';
import type { Parted } from '../../../../backend/contract/views/request-detail.ts';
import type { Told } from '../../../../backend/core/ports.ts';
import { PinNews, type PinNewsParts } from '../../../../backend/core/stories/reasons/pin-news.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';
import { someDetail } from '../../../support/logged-requests.ts';

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

/** What is told once an app has asked three times, and what ends that. */
async function toldOf(
  offers: readonly PinOffer[],
  mayOffer: PinNewsParts['requestDesk']['mayOffer'] = () => true,
): Promise<{ readonly told: Told[]; readonly over: string[]; readonly news: PinNews }> {
  const told: Told[] = [];
  const over: string[] = [];
  const put = (id: string, one: Told | undefined): void => void (one === undefined ? over.push(id) : told.push(one));
  const partings: PinNewsParts['requestDesk']['partings'] = () =>
    Promise.resolve({ compared: 3, since: null, places: [], offers: [...offers] });
  const news = new PinNews({
    requestDesk: { partings, mayOffer },
    board: { put, list: [] },
    clock: new ManualClock(),
    life: new AbortController().signal,
  });
  const pinnable = { what: 'clock', how: 'to_end', tokens: 20_000 } as const;
  const parted = { ...(someDetail.parted as Parted), pinnable };
  for (let i = 0; i < 3; i++) news.ended({ caller: 'an app', trace: { parted } });
  await settled();
  return { told, over, news };
}

test('an offer worth little a turn, though much in all, hides no other one of its app', async () => {
  const small = { ...ONE, model: 'small', times: 1000, tokens: 900, ms: 200 };
  const others = { ...ONE, caller: 'another app' };
  expect((await toldOf([others, small])).told).toEqual([]);
  const pin: PinOffer = { ...ONE, what: 'billing_line', how: 'pin', chars: 9 };
  expect((await toldOf([others, small, pin, ONE])).told).toMatchObject([
    { text: 'an app changes 9 characters at the top of each prompt; pinning them would save about 18 s a turn.' },
  ]);
});

test('what helps only together is told so, and is over when one of them is settled', async () => {
  const both: PinOffer = { ...ONE, what: 'billing_line', how: 'pin', also: [{ what: 'clock', how: 'to_end' }] };
  let isSettled = false;
  const { told, over, news } = await toldOf([both], (_, what) => !(isSettled && what === 'clock'));
  expect(told).toMatchObject([
    {
      text: 'an app changes 8 characters at the top of each prompt; pinning them, and the time told at its end, would save about 18 s a turn.',
      todo: 'Choose so under "Where prompts part" in the window, or set billing_line to "pin" and clock to "to_end" for an app in prompts.apps.',
    },
  ]);
  isSettled = true;
  news.reconfigured();
  expect(over).toHaveLength(1);
});

test('a notice is over once its offer is put off, and not before', async () => {
  let isPutOff = false;
  const { told, over, news } = await toldOf([ONE], () => !isPutOff);
  news.reconfigured();
  expect([told.length, over]).toEqual([1, []]);
  isPutOff = true;
  news.reconfigured();
  expect(over).toEqual(['pin an app']);
});
