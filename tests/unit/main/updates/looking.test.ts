// When a feed is asked again: after one that says nothing, and while a release is ready.
import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { signedText, type Release } from '../../../../main/updates/signed-release.ts';
import { updateNotice } from '../../../../main/updates/update-notice.ts';
import { Updates, type Updater } from '../../../../main/updates/updates.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { setLanguage } from '../../../../words/texts.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';

const never = new Promise<never>(() => undefined);

test('a feed that is silent for two minutes has failed, and is asked again at the next look', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const updater: Updater = {
    newest: () => {
      asked++;
      return never;
    },
    fetch: () => never,
    hindrance: () => Promise.resolve(undefined),
    install: () => undefined,
  };
  const updates = new Updates({
    releases: { publicKey: '', open: () => Promise.resolve(updater) },
    isOn: () => true,
    clock,
    log: NO_LOG,
    onChange: () => undefined,
  });
  const looked = updates.look();
  await settled();
  expect(updates.view().state).toBe('looking');
  await clock.advance(120_000);
  await looked;
  expect(updates.view().state).toBe('failed');
  void updates.look();
  await settled();
  expect(asked).toBe(2);
});

test('while one is ready a still newer one is looked for, and takes its place once it is here', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const released = (version: string, secret = privateKey): Release => {
    const release = { version, files: [{ url: `${version}.AppImage`, sha512: 'aGFzaA==' }], releaseNotes: version };
    return { ...release, signature: sign(null, Buffer.from(signedText(release)), secret).toString('base64') };
  };
  let newest: Release | Error = released('2.0.0');
  const fetched: string[] = [];
  const states: string[] = [];
  const updater: Updater = {
    newest: () =>
      newest instanceof Error ? Promise.reject(newest) : Promise.resolve({ isNewer: true, release: newest }),
    fetch: () => {
      fetched.push((newest as Release).version);
      return Promise.resolve();
    },
    hindrance: () => Promise.resolve(undefined),
    install: () => undefined,
  };
  const updates = new Updates({
    releases: {
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      open: () => Promise.resolve(updater),
    },
    isOn: () => true,
    clock: new ManualClock(),
    log: NO_LOG,
    onChange: () => states.push(updates.view().state),
  });
  const ready = (version: string) => ({ state: 'ready', version, notes: version });
  await updates.look();
  expect(updates.view()).toEqual(ready('2.0.0'));
  states.length = 0;
  await updates.look();
  newest = new Error('away');
  await updates.look();
  newest = released('9.0.0', generateKeyPairSync('ed25519').privateKey);
  await updates.look();
  expect([new Set(states), fetched]).toEqual([new Set(['ready']), ['2.0.0']]);
  newest = released('2.0.1');
  await updates.look();
  expect([updates.view(), fetched]).toEqual([ready('2.0.1'), ['2.0.0', '2.0.1']]);
});

test('the notice of a release that is ready speaks the language that is set when it is shown', () => {
  const acts = { show: () => undefined, restart: () => Promise.resolve() };
  const notice = updateNotice({ state: 'ready', version: '2.0.0', notes: null }, acts);
  const said = (): unknown[] => [notice?.text, ...(notice?.buttons ?? []).map(({ label }) => label)];
  const english = said();
  setLanguage('de');
  try {
    for (const [at, text] of said().entries()) expect(text).not.toBe(english[at]);
  } finally {
    setLanguage('en');
  }
});
