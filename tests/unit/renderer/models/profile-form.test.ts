// Profiles as they are typed: numbers as the language writes them, and nothing else.
import { afterEach, expect, test } from 'vitest';
import { profileOf, typedOf } from '../../../../renderer/models/profile-form.ts';
import { setLanguage } from '../../../../words/texts.ts';

afterEach(() => setLanguage('en'));

const typed = (fields: { readonly context?: string; readonly temperature?: string }) =>
  profileOf({ ...typedOf('fast', undefined, 'llama3.2:3b'), ...fields }, []);

test.each([
  ['en', { context: '8,192' }, 'context'],
  ['de', { context: '8.192' }, 'context'],
  ['de', { temperature: '0.7' }, 'temperature'],
  ['en', { context: '8192.5' }, 'context'],
  ['en', { context: '0' }, 'context'],
] as const)('%s: %o is told to be wrong', (language, fields, wrong) => {
  setLanguage(language);
  expect(typed(fields)).toMatchObject({ wrong });
});

test('a number is read as the language writes it, and shown so again', () => {
  setLanguage('de');
  const read = typed({ context: '8192', temperature: '0,7' });
  const profile = 'profile' in read ? read.profile : undefined;
  expect(profile?.options).toEqual({ num_ctx: 8192, temperature: 0.7 });
  expect(typedOf('fast', profile, '')).toMatchObject({ context: '8192', temperature: '0,7' });
});
