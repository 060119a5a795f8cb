// A newer release is put in the place of the app: only where it can be, and nobody is left without an app where that fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { Notices } from '../../../../main/notices/notices.ts';
import { giveWay } from '../../../../main/updates/give-way.ts';
import { hindranceOf } from '../../../../main/updates/hindrance.ts';
import { keepUpdates } from '../../../../main/updates/keep-updates.ts';
import { UPDATE_NOTICE } from '../../../../main/updates/update-notice.ts';
import { signedText } from '../../../../main/updates/signed-release.ts';
import { config, NO_LOG } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

const folder = mkdtempSync(join(tmpdir(), 'hearth-installing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy for which 2.0.0 is ready, in this file, and what is done with the app. */
async function withReady(file: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const release = { version: '2.0.0', files: [{ url: '2.0.0.AppImage', sha512: 'aGFzaA==' }] };
  const signature = sign(null, Buffer.from(signedText(release)), privateKey).toString('base64');
  const done: string[] = [];
  const notices = new Notices(() => undefined);
  const updater = {
    newest: () => Promise.resolve({ isNewer: true, release: { ...release, signature } }),
    fetch: () => Promise.resolve(),
    hindrance: () => hindranceOf([file], undefined),
    install: () => void done.push('installed'),
  };
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { updates } = keepUpdates(
    {
      releases: { publicKey: pem, open: () => Promise.resolve(updater) },
      exitFor: (install) => {
        done.push('ended');
        install();
      },
    },
    {
      settings: { config: config() },
      notices,
      clock: new ManualClock(),
      log: NO_LOG,
      changed: () => undefined,
      show: () => undefined,
      quit: (exit) => {
        done.push('quit');
        exit();
      },
    },
  );
  await updates.look();
  return { notices, done };
}

test('a release whose file is gone is not begun: the app stays, and so does its notice', async () => {
  const { notices, done } = await withReady(join(folder, 'gone'));
  await expect(notices.answer(UPDATE_NOTICE, 'restart')).rejects.toThrow('What was fetched is gone');
  expect([notices.view().map(({ id }) => id), done]).toEqual([[UPDATE_NOTICE], []]);
});

test('a release whose file is there is installed after the app has ended its work', async () => {
  const file = join(folder, 'there');
  writeFileSync(file, '');
  const { notices, done } = await withReady(file);
  await notices.answer(UPDATE_NOTICE, 'restart');
  expect(done).toEqual(['quit', 'ended', 'installed']);
});

test('nothing is put into a folder that is not there, and the folder is named', async () => {
  const image = join(folder, 'away', 'hearth.AppImage');
  expect(await hindranceOf([], image)).toContain(join(folder, 'away'));
  expect(await hindranceOf([], join(folder, 'hearth.AppImage'))).toBeUndefined();
});

test.each([
  ['ends nothing', () => undefined],
  [
    'fails at once',
    () => {
      throw new Error('no such file');
    },
  ],
])('where an installation %s, the old app is started again', async (_how, install) => {
  const done: string[] = [];
  const clock = new ManualClock();
  giveWay(
    {
      releaseSingleInstanceLock: () => void done.push('let in'),
      relaunch: () => void done.push('again'),
      exit: () => void done.push('ended'),
    },
    install,
    clock,
  );
  await clock.advance(process.platform === 'darwin' ? 120_000 : 5000);
  expect(done).toEqual(['let in', 'again', 'ended']);
});
