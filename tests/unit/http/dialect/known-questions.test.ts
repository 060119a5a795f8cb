// What is remembered of questions is bounded: by their number, and by what each holds of its request for its answer.
import { expect, test } from 'vitest';
import { KnownQuestions, type KnownQuestion } from '../../../../backend/http/dialect/known-questions.ts';

const question = (holds?: number): KnownQuestion =>
  ({ form: '', headers: [], sized: true, ...(holds === undefined ? {} : { holds }) }) as unknown as KnownQuestion;

function remembered(count: number, holds?: number): number {
  const questions = new KnownQuestions();
  const names = Array.from({ length: count }, (_, i) => String(i));
  for (const name of names) questions.remember(name, question(holds));
  return names.filter((name) => questions.get(name) !== undefined).length;
}

test('of thousands the last ones are remembered, and of those that hold much a few', () => {
  expect(remembered(9000)).toBe(8000);
  expect(remembered(100, 1_000_000)).toBe(8);
  expect(remembered(1, 100_000_000)).toBe(0);
});
