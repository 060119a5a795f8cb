import { expect, test } from 'vitest';
import { ask } from '../src/chat.js';

const { HEARTH_URL } = process.env;

test('an answer is shown as it comes', async () => {
  const shown = [];
  const text = await ask(HEARTH_URL, 'Why does bread rise? One sentence.', (so_far) => shown.push(so_far));
  expect(text).toBe('Yeast eats sugar and makes gas, which the dough holds.');
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.at(-1)).toBe(text);
});
