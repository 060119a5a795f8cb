// Which earlier prompt a new one is held against, and what is remembered of them.
import { expect, test } from 'vitest';
import { AskedBefore, type Asked } from '../../../../backend/core/prompts/asked-before.ts';
import { outlineOf, textOf } from '../../../../backend/core/prompts/outline.ts';
import { promptOf } from '../../../../backend/core/prompts/prompt.ts';

const LONG = 'Answer in one short paragraph, and say what you do not know. '.repeat(30);

function asked(id: string, contents: readonly string[], more: Partial<Asked> = {}): Asked {
  const messages = contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
  const prompt = promptOf({ model: 'llama3.2', messages });
  const text = textOf(prompt);
  const who = { owner: 'local', caller: 'chat app', model: 'llama3.2:latest', conversation: undefined };
  return { id, ...who, at: 0, outline: outlineOf(prompt, text), text, fields: {}, of: {}, key: id, ...more };
}

function remembering(...earlier: readonly Asked[]): AskedBefore {
  const before = new AskedBefore(() => 1024 * 1024);
  for (const each of earlier) before.add(each);
  return before;
}

test('of conversations that take turns the one it goes on with is found, behind a clock too', () => {
  const one = asked('one', [`14:01 ${LONG}`, 'tell me of bread', 'flour and water']);
  const two = asked('two', [`14:02 ${LONG}`, 'tell me of wine', 'grapes']);
  const before = remembering(one, two);
  expect(
    before.comparedWith(asked('three', [`14:03 ${LONG}`, 'tell me of bread', 'flour and water', 'and salt?'])).before
      ?.id,
  ).toBe('one');
  expect(before.comparedWith(asked('four', [`14:03 ${LONG}`, 'tell me of wine', 'grapes', 'red?'])).before?.id).toBe(
    'two',
  );
});

test('where a conversation is named, its last prompt is the one before, however it looks', () => {
  const before = remembering(
    asked('one', ['quite another thing'], { conversation: 'c' }),
    asked('two', [LONG, 'tell me of bread'], { conversation: 'd' }),
  );
  expect(before.comparedWith(asked('three', [LONG, 'tell me of bread', 'yes'], { conversation: 'c' })).before?.id).toBe(
    'one',
  );
});

test('nothing of another owner, app or model is compared', () => {
  const before = remembering(asked('one', [LONG]));
  for (const other of [{ owner: 'key b' }, { caller: 'another app' }, { model: 'qwen3:latest' }]) {
    expect(before.comparedWith(asked('two', [LONG], other)).before).toBeUndefined();
  }
  before.kept(asked('one', [LONG]));
  const near = (other: Partial<Asked>): string | undefined =>
    before.comparedWith(asked('two', [LONG], other)).nearestKept(
      () => true,
      () => 0,
    )?.id;
  // The cache is shared by the apps of one owner.
  expect(near({ caller: 'another app' })).toBe('one');
  expect(near({ owner: 'key b' })).toBeUndefined();
  expect(near({ model: 'qwen3:latest' })).toBeUndefined();
});

test('the nearest kept question is one whose answer is there, with the same prompt if any', () => {
  const before = remembering(
    asked('far', ['something else']),
    asked('same', [LONG, 'tell me of bread'], { fields: { seed: 7 } }),
    asked('near', [LONG, 'tell me of wine']),
  );
  for (const id of ['far', 'same', 'near']) before.kept(asked(id, []));
  const question = asked('new', [LONG, 'tell me of bread']);
  const nearest = (...gone: readonly string[]): string | undefined =>
    before.comparedWith(question).nearestKept(
      (key) => !gone.includes(key),
      () => 0,
    )?.id;
  expect(nearest()).toBe('same');
  expect(nearest('same')).toBe('near');
  expect(nearest('same', 'near', 'far')).toBeUndefined();
});

test('of two as near the less far one counts, also behind a nearer one without an answer', () => {
  const before = remembering(
    asked('less far', [LONG, 'tell me of wine']),
    asked('farther', [LONG, 'tell me of wine']),
    asked('nearest', [LONG, 'tell me of bread, please']),
  );
  for (const id of ['less far', 'farther', 'nearest']) before.kept(asked(id, []));
  const nearest = (far: (other: Asked) => number): string | undefined =>
    before.comparedWith(asked('new', [LONG, 'tell me of bread'])).nearestKept((key) => key !== 'nearest', far)?.id;
  expect(nearest(({ id }) => (id === 'less far' ? 1 : 2))).toBe('less far');
  expect(nearest(({ id }) => (id === 'less far' ? 2 : 1))).toBe('farther');
  // Of two that are as far too the last.
  expect(nearest(() => 1)).toBe('farther');
});

test('texts go first when room is short, and outlines when there are too many', () => {
  let room = 2 * 2 * LONG.length;
  const before = new AskedBefore(() => room);
  const one = asked('', [LONG]);
  for (let i = 0; i < 1500; i++) before.add({ ...one, id: `request ${i}` });
  expect(before.size.requests).toBe(1000);
  expect(before.size.textBytes).toBeLessThanOrEqual(room);
  expect(before.comparedWith(asked('new', [LONG])).before).toMatchObject({ id: 'request 1499', text: LONG });
  room = 0;
  before.add(asked('last', [LONG]));
  expect(before.size.textBytes).toBe(0);
  expect(before.comparedWith(asked('new', [LONG])).before).toMatchObject({ id: 'last', text: undefined });
});

test('a request that gave way and is asked again is not held against itself', () => {
  const before = remembering(asked('one', [LONG]), asked('two', [LONG, 'more']));
  before.add(asked('two', [LONG, 'more']));
  expect(before.comparedWith(asked('two', [LONG, 'more'])).before?.id).toBe('one');
  expect(before.size.requests).toBe(2);
});
