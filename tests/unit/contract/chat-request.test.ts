// What a chat request may look like: spellings that clients use are taken, wrong ones are named, nothing unknown is lost.
import { describe, expect, test } from 'vitest';
import { chatRequestSchema } from '../../../backend/contract/chat/chat-request.ts';

const parse = (body: unknown) => chatRequestSchema.safeParse(body);
const message = (over: Record<string, unknown>): unknown => ({ messages: [{ role: 'user', content: 'hi', ...over }] });
const withImage = (image: string): unknown => message({ images: [image] });
/** Where it is wrong. */
const wrongAt = (body: unknown): string | undefined => parse(body).error?.issues[0]?.path.join('.');

describe('a body', () => {
  test('keeps fields that are not known, in the request and in its messages', () => {
    const body = { messages: [{ role: 'user', content: 'hi', tool_call_id: '7' }], something_new: { a: 1 } };
    expect(parse(body).data).toEqual(body);
  });

  test('may write roles in capitals, and null for what is not there', () => {
    const body = { messages: [{ role: 'User', content: 'hi' }], options: null, format: null, think: null, cache: null };
    expect(parse(body).data?.messages[0]?.role).toBe('user');
  });

  test('may leave out the content of a message that calls tools or shows a picture', () => {
    const call = { function: { name: 'f', arguments: {} } };
    expect(parse({ messages: [{ role: 'assistant', tool_calls: [call] }] }).data?.messages[0]?.content).toBe('');
    expect(parse({ messages: [{ role: 'user', content: null, images: ['aGk='] }] }).data?.messages[0]?.content).toBe(
      '',
    );
  });

  test.each([
    ['no messages', {}, 'messages'],
    ['an empty list of messages', { messages: [] }, 'messages'],
    ['a message without content', { messages: [{ role: 'user' }] }, 'messages.0.content'],
    ['a role that does not exist', message({ role: 'boss' }), 'messages.0.role'],
    ['a priority that is a switch', { ...(message({}) as object), priority: true }, 'priority'],
    ['a priority out of bounds', { ...(message({}) as object), priority: 101 }, 'priority'],
    ['a cache wish that does not exist', { ...(message({}) as object), cache: { 'no-cash': true } }, 'cache'],
    ['a keep_alive that is no time', { ...(message({}) as object), keep_alive: 'soon' }, 'keep_alive'],
    ['an id with a line break', { ...(message({}) as object), requestId: 'a\nb' }, 'requestId'],
  ])('%s is refused at its place', (_what, body, place) => {
    expect(wrongAt(body)).toBe(place);
  });
});

describe('a picture', () => {
  test.each(['aGk=', 'aGVsbG8=', 'aA==', 'aGVs', `/9j/${'A'.repeat(400)}`])('%s is base64', (image) => {
    expect(parse(withImage(image)).success).toBe(true);
  });

  test.each([
    ['a path', '/etc/passwd'],
    ['a path whose letters are all base64 and whose length fits', '/etc/ssl/key'],
    ['a relative path', './picture.png'],
    ['an address', 'https://example.com/a.png'],
    ['a data: address', 'data:image/png;base64,aGk='],
    ['nothing', ''],
    ['unpadded base64', 'aGk'],
    ['padding in the middle', 'aA==aGVs'],
    ['too much padding', 'a==='],
    ['padding alone', '===='],
    ['the alphabet of addresses', 'aGVs_-Vs'],
    ['a line break', 'aGVs\naGV'],
  ])('%s is not', (_what, image) => {
    expect(wrongAt(withImage(image))).toBe('messages.0.images.0');
  });

  // Found here: a pattern with a repeated group ended in "Maximum call stack size exceeded" from 8 MB on.
  test('may be as large as a request may be', () => {
    const large = 'QUJD'.repeat(12 * 1024 * 1024);
    expect(parse(withImage(large)).success).toBe(true);
    expect(wrongAt(withImage(`${large}****`))).toBe('messages.0.images.0');
  });
});
