// From bytes to a JSON object, and which types of content a page may send.
// How bodies arrive over a connection is in behaviour/request-body.test.ts.
import { fc } from '../../../support/property.ts';
import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import { checkContentType, parseJson } from '../../../../backend/http/wire/body.ts';

/** The refusal of a body, as `code: sentence`. */
function refusal(work: () => unknown): string {
  try {
    return `taken: ${JSON.stringify(work())}`;
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

const refusalOf = (text: string): string => refusal(() => parseJson(Buffer.from(text)));

describe('parseJson', () => {
  test('any JSON object comes through as it is, with or without a byte order mark', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const text = JSON.stringify(body);
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
        expect(parseJson(Buffer.from(`\uFEFF${text}`))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', ' \r\n\t', '\uFEFF'])('nothing (%j)', (text) => {
    expect(refusalOf(text)).toBe('invalid_request: The body is empty. Send a JSON object.');
  });

  test.each([
    ['[]', 'a list'],
    ['null', 'null'],
    ['"text"', 'a string'],
    ['7', 'a number'],
    ['true', 'a boolean'],
  ])('%s is no object', (text, kind) => {
    expect(refusalOf(text)).toBe(`invalid_request: The body is ${kind}. Send a JSON object.`);
  });

  test.each([
    ['{"a":1,}', '"}" stands where it must not, in line 1, column 8'],
    ['{\n  "a": 1\n  "b": 2\n}', '"\\"" stands where it must not, in line 3, column 3'],
    ['{"a":"x\ny"}', '"\\n" stands where it must not, in line 1, column 8'],
    ["{'a':1}", '"\'" stands where it must not, in line 1, column 2'],
    ['{"ü":"😀" 😀}', '"😀" stands where it must not, in line 1, column 11'],
    ['{"a":1} x', '"x" stands where it must not, in line 1, column 9'],
    ['{"a":NaN}', '"N" stands where it must not'],
    ['{"a":', 'it ends too early'],
    ['{"a":"x', 'it ends too early'],
    ['{"a"', 'it ends too early'],
    ['{', 'it ends too early'],
  ])('broken: %j', (text, where) => {
    expect(refusalOf(text)).toBe(`invalid_request: The body is not valid JSON: ${where}.`);
  });

  test('however it is broken, no more than one character of it is told', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.constantFrom('}', ']', '"', ',', 'N', '\\', '\n', '\0'), (at, wrong) => {
        const text = '{"secret":"password","list":[1,2,"secret"]}';
        const told = refusalOf(text.slice(0, at) + wrong + text.slice(at + 1));
        if (told.startsWith('taken')) return;
        expect(told).not.toMatch(/secret|password|sec|pass|ist/);
        expect(told.length).toBeLessThan(120);
      }),
    );
  });

  test('a field named like the prototype is a field like any other, and sets none', () => {
    const read = parseJson(Buffer.from('{"__proto__":{"admin":true},"a":{"__proto__":null}}'));
    expect(Object.hasOwn(read, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(read['a'])).toBe(Object.prototype);
    expect(read['admin']).toBeUndefined();
    expect(parseJson(Buffer.from('{"constructor":1,"toString":2}'))).toEqual({ constructor: 1, toString: 2 });
  });
});

const check = (headers: IncomingHttpHeaders): string =>
  refusal(() => {
    const req = new IncomingMessage(new Socket());
    Object.assign(req.headers, headers);
    // As it came, too.
    req.rawHeaders.push(...Object.entries(headers).flatMap(([name, value]) => [name, String(value)]));
    checkContentType(req);
  });

describe('checkContentType', () => {
  const page = { origin: 'http://localhost:3000' };

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON ;charset=utf-8',
    'application/vnd.api+json',
  ])('a page may send %s', (type) => expect(check({ ...page, 'content-type': type })).toBe('taken: undefined'));

  test.each([
    'text/plain',
    'text/plain; application/json',
    'text/plain, application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/jsonp',
    'application/json-seq',
    'xapplication/json',
    'json',
    '',
  ])('a page may not send %j, which needs no preflight or is no JSON', (type) => {
    expect(check({ ...page, 'content-type': type })).toMatch(
      /^unsupported_media_type: .*application\/json\. It sent "/,
    );
  });

  test('a page must name the type; a program need not', () => {
    expect(check(page)).toBe(
      'unsupported_media_type: A web page must send Content-Type: application/json. It sent none.',
    );
    expect(check({})).toBe('taken: undefined');
    expect(check({ 'content-type': 'application/x-www-form-urlencoded' })).toBe('taken: undefined');
  });
});
