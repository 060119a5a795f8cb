// Whatever is asked at the same time, whoever leaves and whatever breaks: each answer is the right one, whole or with a
// failure that fits, and nothing is left over. `npm run soak` does the same for longer.
import { expect, test } from 'vitest';
import { ROUTES } from '../support/soak/soak-routes.ts';
import { grownSince, soak } from '../support/soak/soak.ts';

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
});
