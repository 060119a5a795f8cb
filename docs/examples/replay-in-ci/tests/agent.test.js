import { expect, test } from 'vitest';
import { answer } from '../src/agent.js';

const { HEARTH_URL } = process.env;

test('the agent runs the tool that the model calls, and answers with its result', async () => {
  const asked = [];
  const text = await answer(HEARTH_URL, 'Do I need a coat in Oslo?', (city) => {
    asked.push(city);
    return '-4 °C';
  });
  expect(asked).toEqual(['Oslo']);
  expect(text).toBe('Yes. It is -4 °C in Oslo, so take a warm coat.');
});
