// What is signed of a release: nothing of it can be changed, left out or added without the key.
import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { signedPart, signedText, type Release } from '../../../../main/updates/signed-release.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const key = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const files = [
  { url: 'Hearth-1.4.0.AppImage', sha512: 'aGFzaA==' },
  { url: 'hearth_1.4.0.deb', sha512: 'b3RoZXI=' },
];
const signed = (release: Release): Release => ({
  ...release,
  signature: sign(null, Buffer.from(signedText(release)), privateKey).toString('base64'),
});
const release = signed({ version: '1.4.0', files });

test('a release is taken as its key signed it', () => {
  expect(signedPart(release, key)).toBe(release);
});

test('what is new is shown only where it was signed, and cannot be changed', () => {
  const told = signed({ version: '1.4.0', files, releaseNotes: 'Faster.\n' });
  expect(signedPart(told, key)).toBe(told);
  expect(signedPart({ ...told, releaseNotes: 'Type your password.' }, key)).toBeUndefined();
  expect(signedPart({ ...told, releaseNotes: undefined }, key)).toBeUndefined();
  // A feed that makes it up of its own, as GitHub's does.
  expect(signedPart({ ...release, releaseNotes: 'Type your password.' }, key)?.releaseNotes).toBeUndefined();
});

test.each<[string, Release]>([
  ['another number', { ...release, version: '1.4.1' }],
  [
    'another file',
    { ...release, files: [{ ...files[0], url: 'evil.AppImage', sha512: 'aGFzaA==' }, ...files.slice(1)] },
  ],
  ['another hash', { ...release, files: [{ url: 'Hearth-1.4.0.AppImage', sha512: 'ZXZpbA==' }, ...files.slice(1)] }],
  [
    'an installer that asks for more rights',
    { ...release, files: files.map((file) => ({ ...file, isAdminRightsRequired: true })) },
  ],
  ['a file more', { ...release, files: [...files, { url: 'more', sha512: 'bW9yZQ==' }] }],
  ['no signature', { version: '1.4.0', files }],
  ['a signature of something else', { ...release, signature: signed({ version: '9.9.9', files }).signature }],
  ['no text as a signature', { ...release, signature: 7 }],
  ['something that fetches more', { ...release, packages: { x64: { path: 'x' } } }],
  ['no files', { ...release, files: [] }],
  ['a file without a hash', { ...release, files: [{ url: 'a' }] }],
])('it is refused with %s', (_what, changed) => {
  expect(signedPart(changed, key)).toBeUndefined();
});

test('two releases never have one text', () => {
  expect(() => signedText({ version: '1.4.0', files: [{ url: 'a b', sha512: 'c' }] })).toThrow('It says "a b".');
  expect(() => signedText({ version: '1\n2', files })).toThrow();
});

test('nobody else can sign', () => {
  const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
  expect(signedPart(release, other)).toBeUndefined();
  expect(signedPart(release, 'no key')).toBeUndefined();
});
