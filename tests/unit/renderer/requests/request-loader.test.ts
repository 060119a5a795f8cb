// When the list of requests is asked for: the first change at once, then once a second, and a stream each second second.
import { expect, test } from 'vitest';
import type { RequestFact } from '../../../../backend/contract/views/control.ts';
import type { Call } from '../../../../renderer/state/client.ts';
import { RequestLoader, type Loaded } from '../../../../renderer/requests/request-loader.ts';
import { settled } from '../../../support/clocks.ts';
import { fact } from '../../../support/page/request-day.ts';

test('a list is looked at each second while requests come, and each second second while many do', async () => {
  let rows: readonly RequestFact[] = [fact({ request_id: 'first' })];
  let looks = 0;
  let shown: Loaded | undefined;
  const call = (async (command: string, { limit = 100 }: { readonly limit?: number }) => {
    await Promise.resolve();
    if (command === 'request_counts') return { all: rows.length, hit: 0, coalesced: 0, miss: 0, bypass: 0, failed: 0 };
    looks++;
    return { requests: rows.slice(0, limit), next: null };
  }) as Call;
  const loader = new RequestLoader(call, (loaded) => (shown = loaded), () => false); // prettier-ignore
  let ids = 0;
  /** A second in which so many come; how often the list was asked for. */
  const second = async (come: number): Promise<number> => {
    looks = 0;
    for (let i = 0; i < come; i++) {
      rows = [fact({ request_id: `r${ids++}` }), ...rows];
      loader.look();
      await settled();
    }
    loader.tick();
    await settled();
    return looks;
  };
  loader.start();
  await settled();
  // The first at once, the others with the second.
  expect([await second(2), await second(2), await second(1)]).toEqual([2, 1, 1]);
  const stream = [];
  for (let i = 0; i < 6; i++) stream.push(await second(4));
  expect(stream).toEqual([1, 0, 1, 0, 1, 0]);
  // What was left out comes with the next second.
  await second(0);
  expect(shown?.list?.rows).toHaveLength(rows.length);
  loader.end();
});
