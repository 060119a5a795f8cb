// Bodies of our own chat routes that nobody usual sends.
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import { readOwnChat } from '../../../../backend/http/own/own-chat.ts';

const read = (text: string): Record<string, unknown> => readOwnChat(Buffer.from(text));

function refusal(text: string): string {
  try {
    return `taken: ${JSON.stringify(read(text)).slice(0, 100)}`;
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('__proto__ is ignored like every other field that nobody knows', () => {
  const proto = '"__proto__":{"model":"evil","admin":true,"content":"evil"}';
  test.each([
    ['in the body', `{${proto},"messages":[{"role":"user","content":"hi"}]}`],
    ['in a message', `{"messages":[{${proto},"role":"user","content":"hi"}]}`],
    ['in options', `{"messages":[{"role":"user","content":"hi"}],"options":{${proto}}}`],
    ['in a format', `{"messages":[{"role":"user","content":"hi"}],"format":{${proto}}}`],
    [
      'beside a name that came twice',
      `{${proto},"model":"x","model":null,"messages":[{"role":"user","content":"hi"}]}`,
    ],
  ])('%s', (_where, text) => {
    const body = read(text) as { model?: unknown; messages: { content?: unknown }[] };
    expect(body.messages[0]?.content).toBe('hi');
    expect(body.model ?? undefined).not.toBe('evil');
    const open: unknown[] = [body];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (typeof next !== 'object' || next === null) continue;
      expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(next));
      expect('admin' in next && !Object.hasOwn(next, 'admin')).toBe(false);
      open.push(...Object.values(next));
    }
  });
});

describe('of very many things that are wrong the first is told, and the others are not looked at', () => {
  const many = (item: string): string => Array<string>(130_000).fill(item).join(',');
  const asked = '"role":"user","content":"hi"';
  test.each([
    ['messages', `{"messages":[${many('{}')}]}`, /messages\[0\]\.role must be/],
    ['messages that say nothing', `{"messages":[${many('{"role":"user","content":null}')}]}`, /messages\[0\]/],
    ['pictures', `{"messages":[{${asked},"images":[${many('""')}]}]}`, /messages\[0\]\.images\[0\] must be base64/],
    ['calls', `{"messages":[{${asked},"tool_calls":[${many('7')}]}]}`, /messages\[0\]\.tool_calls\[0\]/],
    ['tools', `{"messages":[{${asked}}],"tools":[${many('7')}]}`, /tools\[0\] must be/],
  ])('%s', (_what, text, told) => {
    expect(refusal(text)).toMatch(told);
    expect(refusal(text)).toMatch(/^invalid_request: /);
  });
});
