// One spelling for every path that may be taken for the same, since rules about what may be changed hang on it.
import { fc } from '../../../support/property.ts';
import { expect, test } from 'vitest';
import { normalizedPath } from '../../../../backend/http/wire/normalized-path.ts';

test.each([
  '/api/pull',
  '/api/pull/',
  '//api//pull',
  '/api/pull?x=/v1/',
  '/api/pull#x',
  '/api/%70ull',
  '/api%2Fpull',
  '/v1/../api/pull',
  '/v1/%2e%2E/api/pull',
  '/v1/..%2fapi/pull',
  '/v1/..\\api\\pull',
  '/./api/./pull',
  '/../../api/pull',
])('%s is /api/pull', (address) => {
  expect(normalizedPath(address)).toBe('/api/pull');
});

test('what cannot be decoded has no meaning, and what is not the same stays different', () => {
  expect(normalizedPath('/api/%')).toBeUndefined();
  expect(normalizedPath('/api/%ff')).toBeUndefined();
  expect(normalizedPath('/api/pulls')).toBe('/api/pulls');
  expect(normalizedPath('/v1/models/a%2Fb:c')).toBe('/v1/models/a/b:c');
  expect(normalizedPath('/')).toBe('/');
});

test('whatever part is written as its code, the meaning stays', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }), (coded) => {
      const text = [...'/api/pull'].map((c, i) => (coded[i] ? `%${c.charCodeAt(0).toString(16)}` : c)).join('');
      return normalizedPath(text) === '/api/pull';
    }),
  );
});
