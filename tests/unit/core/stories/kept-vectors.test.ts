// Vectors of thousands of texts are looked for a few at a time.
import { expect, test } from 'vitest';
import { encodeVector } from '../../../../backend/core/cache/vector-record.ts';
import type { Hit } from '../../../../backend/core/cache/hit.ts';
import { keptVectors } from '../../../../backend/core/stories/embeds/kept-vectors.ts';

test('others have their turn after each few looks at the disk, and each text is looked for once', async () => {
  const texts = Array.from({ length: 100 }, (_, i) => `text ${i % 60}`);
  let now = 0;
  const turns: number[] = [];
  const looked: string[] = [];
  const clock = {
    elapsed: () => now,
    sleep: () => {
      turns.push(now);
      return Promise.resolve();
    },
  };
  const bytes = encodeVector({ numbers: [1], tokens: 1, duration: 0 });
  const cache = {
    get: (key: string) => {
      now++;
      looked.push(key);
      return { bytes } as Hit;
    },
    isShared: false,
    fetch: () => Promise.resolve(new Map<string, Hit>()),
  };
  const plan = { read: true, maxAge: undefined };
  const kept = await keptVectors({ cache, clock }, { texts, keys: texts, plan }, new AbortController().signal);
  expect(kept.size).toBe(60);
  expect(looked).toHaveLength(60);
  expect(turns.length).toBeGreaterThan(10);
  expect(Math.max(...turns.map((at, i) => at - (turns[i - 1] ?? 0)))).toBeLessThanOrEqual(5);
});
