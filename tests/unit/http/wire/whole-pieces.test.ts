// Streams handed on in whole pieces: no byte is changed, kept for ever, or sent before its piece is whole.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { formOf, WholePieces, type Form } from '../../../../backend/http/wire/whole-pieces.ts';

/** What is handed on of these parts, part by part, and what is held in the end. */
function pass(form: Form, parts: readonly string[]): { sent: string[]; rest: string; whole: boolean } {
  const pieces = new WholePieces(form);
  const sent = parts.map((part) => Buffer.from(pieces.add(Buffer.from(part, 'latin1'))).toString('latin1'));
  return { sent, rest: Buffer.from(pieces.rest()).toString('latin1'), whole: pieces.whole };
}

test.each<[string, Form, string[], string[], string]>([
  ['whole lines', 'lines', ['{"a":1}\n', '{"b":2}\n{"c":3}\n'], ['{"a":1}\n', '{"b":2}\n{"c":3}\n'], ''],
  ['half a line', 'lines', ['{"a":1}\n{"b"', ':2}\n'], ['{"a":1}\n', '{"b":2}\n'], ''],
  ['an end without a line end', 'lines', ['{"a":1}'], [''], '{"a":1}'],
  ['spaces that keep a connection alive', 'lines', [' ', ' ', '{"a":1}\n '], [' ', ' ', '{"a":1}\n '], ''],
  ['whole events', 'events', ['data: 1\n\n', 'event: e\ndata: 2\n\n'], ['data: 1\n\n', 'event: e\ndata: 2\n\n'], ''],
  [
    'half an event',
    'events',
    ['data: 1\n\nevent: e\n', 'data: 2\n', '\n'],
    ['data: 1\n\n', '', 'event: e\ndata: 2\n\n'],
    '',
  ],
  ['CR LF, cut within the empty line', 'events', ['data: 1\r\n\r', '\n'], ['', 'data: 1\r\n\r\n'], ''],
  ['CR alone', 'events', ['data: 1\r\rdata: 2'], ['data: 1\r\r'], 'data: 2'],
  ['comments between events', 'events', [': a\n', 'data: 1\n\n: b\n', ': c'], [': a\n', 'data: 1\n\n: b\n', ''], ': c'],
  ['a comment within an event', 'events', ['data: 1\n: a\n', '\n'], ['', 'data: 1\n: a\n\n'], ''],
])('%s', (_name, form, parts, sent, rest) => {
  expect(pass(form, parts)).toEqual({ sent, rest, whole: true });
});

test('any bytes, however cut: none is lost or changed', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '\n', '\r', ':', ' ', '"', '\u00e9') });
  fc.assert(
    fc.property(fc.constantFrom<Form>('lines', 'events'), fc.array(part), (form, parts) => {
      const { sent, rest } = pass(form, parts);
      expect(sent.join('') + rest).toBe(parts.join(''));
    }),
  );
});

test('a piece without an end is handed on, and nothing of ours follows until the next one ends', () => {
  const pieces = new WholePieces('lines');
  const part = Buffer.alloc(64 * 1024, 'x');
  let sent = 0;
  for (let turn = 0; turn < 40; turn += 1) sent += pieces.add(part).length;
  expect(sent).toBeGreaterThan(1024 * 1024);
  expect(pieces.rest().length).toBeLessThanOrEqual(1024 * 1024);
  expect(pieces.whole).toBe(false);
  pieces.add(Buffer.from('\n'));
  expect(pieces.whole).toBe(true);
});

describe('the form is that of the headers', () => {
  test.each([
    [{ 'content-type': 'application/x-ndjson' }, 'lines'],
    [{ 'content-type': 'Text/Event-Stream; charset=utf-8' }, 'events'],
    [{ 'content-type': 'text/event-stream', 'content-length': '10' }, undefined],
    [{ 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' }, undefined],
    [{ 'content-type': 'application/json' }, undefined],
    [{}, undefined],
  ])('%j', (headers, form) => {
    expect(formOf(headers)).toBe(form);
  });
});
