// Whatever is asked at the same time, whoever leaves and whatever breaks: each answer is the right one, whole or with a
// failure that fits, and nothing is left over. `npm run soak` does the same for longer.
import { expect, test } from 'vitest';
import { ROUTES } from '../support/soak/soak-routes.ts';
import { grownSince, soak, wrongOnDisk } from '../support/soak/soak.ts';

test('400 mixed requests to an Ollama that breaks: no answer is wrong, and nothing is left over', async () => {
  const { wrong, leftOver, outcomes } = await soak({ requests: 400, seed: 20_261_127 });
  expect({ wrong, leftOver }).toEqual({ wrong: [], leftOver: [] });
  // Nothing is right that was not asked.
  for (const { path } of ROUTES) expect(outcomes[`${path} whole`]).toBeGreaterThan(0);
}, 240_000);

test('memory that grows in the second half is told, and what comes and goes is not', () => {
  expect(grownSince(60, 58)).toEqual([]);
  expect(grownSince(60, 66)).toEqual([]);
  expect(grownSince(60, 70.5)).toEqual(['memory grew by 10.5 MB in the second half, from 60 MB']);
  // As 500,000 requests were seen, and with 100 bytes lost in each of the second 250,000.
  expect([grownSince(74.9, 77.2), grownSince(74.9, 77.2 + 25)]).toEqual([[], [expect.stringContaining('27.3 MB')]]);
});

test('answers that never came to their bound on the disk are told, and so is a file too large', () => {
  expect(wrongOnDisk({ file: 20, answers: 1.98, bound: 2 }, 30_000, true)).toEqual([]);
  expect(wrongOnDisk({ file: 30, answers: 1.2, bound: 2 }, 30_000, true)).toEqual([
    'answers took no more than 1.2 MB of 2 on the disk, so that none had to make room',
    'the file has 30 MB, and 24 are right',
  ]);
  expect(wrongOnDisk({ file: 5, answers: 2.3, bound: 2 }, 400, false)).toEqual([
    'answers took 2.3 MB of 2 on the disk',
  ]);
});
