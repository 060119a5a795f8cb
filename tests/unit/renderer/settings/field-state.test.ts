// What a field of the settings form goes through, step by step, without a page: nothing typed is lost or saved twice.
import { expect, test } from 'vitest';
import { afterStep, UNTOUCHED, type FieldStep } from '../../../../renderer/settings/field-state.ts';

const after = (...steps: FieldStep[]) => steps.reduce(afterStep, UNTOUCHED);
const FOUND = { kind: 'found', text: 'Ollama 0.12 answers there.' } as const;

test('a typed text stays in the field until it is saved, and then it can be undone', () => {
  const saving = after({ do: 'type', text: '9' }, { do: 'save', text: '9' });
  expect(saving).toMatchObject({ typed: '9', saving: '9' });
  expect(afterStep(saving, { do: 'saved', text: '9', was: 4 })).toEqual({ ...UNTOUCHED, touched: { was: 4 } });
});

test('what is typed while another text is saved stays', () => {
  const state = after({ do: 'save', text: '9' }, { do: 'type', text: '98' }, { do: 'saved', text: '9', was: 4 });
  expect(state).toEqual({ ...UNTOUCHED, typed: '98', touched: { was: 4 } });
});

test('the end of an earlier save does not end a later one', () => {
  const state = after({ do: 'save', text: '9' }, { do: 'save', text: '98' }, { do: 'saved', text: '9', was: 4 });
  expect(state.saving).toBe('98');
  expect(afterStep(state, { do: 'saved', text: '98', was: 9 }).saving).toBeUndefined();
});

test('a refused text is kept with the sentence, and goes when the next one is saved', () => {
  const refused = after({ do: 'save', text: 'x' }, { do: 'refuse', text: 'x', sentence: 'No number.' });
  expect(refused).toEqual({ ...UNTOUCHED, touched: { wrong: { text: 'x', sentence: 'No number.' } } });
  const saved = [
    { do: 'save', text: '9' },
    { do: 'saved', text: '9', was: 4 },
  ] as const;
  expect(saved.reduce(afterStep, refused).touched).toEqual({ was: 4 });
});

test('a field that is left as it was keeps its way back, and no old refusal', () => {
  const left = [{ do: 'type', text: '4' }, { do: 'leave' }] as const;
  expect(left.reduce(afterStep, after({ do: 'saved', text: '9', was: 4 }))).toEqual({
    ...UNTOUCHED,
    touched: { was: 4 },
  });
  expect(after({ do: 'refuse', text: 'x', sentence: 'No.' }, ...left)).toEqual(UNTOUCHED);
});

test('after Undo there is nothing to undo', () => {
  expect(after({ do: 'saved', text: '9', was: 4 }, { do: 'saved', text: '4' })).toEqual(UNTOUCHED);
});

test('what the connection test has found is said until something else is', () => {
  const found = after({ do: 'find', hint: FOUND });
  expect(found.found).toBe(FOUND);
  const others: FieldStep[] = [{ do: 'save' }, { do: 'leave' }, { do: 'refuse', text: '', sentence: 'No.' }];
  for (const step of others) expect(afterStep(found, step).found).toBeUndefined();
});
