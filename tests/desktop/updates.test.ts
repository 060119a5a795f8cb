// Newer releases in the real app, by electron-updater, from a feed on this machine: what is not signed is not fetched, what is damaged
// is not used, and what is good is put in place only when somebody says so, once the answers that run have ended.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { signedText } from '../../main/updates/signed-release.ts';
import { startDesktop, type Desktop } from '../support/desktop/real-app.ts';
import { piecesOf } from '../support/hearth.ts';
import { eventually } from '../support/waiting.ts';

const NAME = 'Hearth-9.9.9.AppImage';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');

let desktop: Desktop;
let page: Page;
let feed: Server;
/** What the feed has, by path, and what was asked of it. */
const has = new Map<string, string>();
const asked: string[] = [];
/** The app's own file, which a newer one replaces. */
let image: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-updates-'));
  feed = createServer((req, res) => {
    const path = (req.url ?? '').replace(/^\/|\?.*$/g, '');
    asked.push(path);
    const body = has.get(path);
    res.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((ready) => feed.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(feed.address() as AddressInfo).port}/`;
  writeFileSync(
    join(folder, 'app-update.yml'),
    `provider: generic\nurl: ${url}\nupdaterCacheDirName: hearth-updater\n`,
  );
  writeFileSync(join(folder, 'release-key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  mkdirSync(join(folder, 'bin'));
  image = join(folder, 'bin', 'hearth.AppImage');
  writeFileSync(image, '#!/bin/sh\nexit 1\n');
  chmodSync(image, 0o755);
  desktop = await startDesktop({
    args: [],
    settings: { server: { drain_timeout_ms: 60_000 } },
    env: { HEARTH_FEED_DIR: folder, APPIMAGE: image },
  });
  await desktop.ready();
  page = await desktop.window();
  page.setDefaultTimeout(8000);
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Log and about' }).click();
});
afterAll(async () => {
  await desktop.stop();
  feed.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A release in the feed: `what` runs when it is started. */
function release({ what = 'true', isSigned = true, isDamaged = false, notes = 'Faster.' } = {}): void {
  const file = `#!/bin/sh\n${what}\n`;
  const sha512 = createHash('sha512').update(file).digest('base64');
  const info = { version: '9.9.9', files: [{ url: NAME, sha512 }], releaseNotes: notes };
  const signature = sign(null, Buffer.from(signedText(info)), privateKey).toString('base64');
  has.set(NAME, isDamaged ? file.replace('sh', 'rm') : file);
  has.set(
    'latest-linux.yml',
    [
      'version: 9.9.9',
      'files:',
      `  - url: ${NAME}`,
      `    sha512: ${sha512}`,
      `    size: ${file.length}`,
      `path: ${NAME}`,
      `sha512: ${sha512}`,
      "releaseDate: '2026-11-27T12:00:00.000Z'",
      `releaseNotes: ${notes}`,
      ...(isSigned ? [`signature: ${signature}`] : []),
      '',
    ].join('\n'),
  );
}

const look = (): Promise<void> => page.getByRole('button', { name: 'Look now' }).click();

test('without a newer release it says so, and a feed that does not answer is told', async () => {
  await page.getByText('Not looked for updates yet.').waitFor();
  await look();
  await page.getByText('Updates could not be looked for').waitFor();
  has.set('latest-linux.yml', 'version: 0.0.1\nfiles: []\n');
  await look();
  await page.getByText(/^Looked for updates at \d\d:\d\d: this is the newest\.$/).waitFor();
});

test('what is not signed with the key is not even fetched', async () => {
  release({ isSigned: false });
  await look();
  await page.getByText('Hearth 9.9.9 is not signed with the key of this one, so it was not fetched.').waitFor();
  expect(asked).not.toContain(NAME);
});

test('what is damaged is not used', async () => {
  release({ isDamaged: true });
  await look();
  await page.getByText('What came as Hearth 9.9.9 is damaged, so it is not used.').waitFor();
  expect(asked).toContain(NAME);
  expect(readFileSync(image, 'utf8')).toContain('exit 1');
  expect(await page.getByRole('button', { name: 'Restart now' }).count()).toBe(0);
});

test('what is good waits until somebody restarts, and then until the answers that run have ended', async () => {
  const started = join(folder, 'started');
  release({ what: `echo "$HEARTH_DATA_DIR" > ${started}` });
  await look();
  await page.getByText('Faster.').waitFor();
  expect(readFileSync(image, 'utf8')).toContain('exit 1');
  const gate = desktop.fake.gate();
  const answer = await desktop.chat('Why does bread rise?', { stream: true });
  await desktop.fake.until(({ active }) => active === 1);
  const notice = page.locator('.dock .note', { hasText: 'Hearth 9.9.9 is ready.' });
  await notice.getByText(/A running answer gets 1.min to end\./).waitFor();
  await notice.getByRole('button', { name: 'Restart now' }).click();
  await page.getByText('Running answers are finished first').waitFor();
  expect(existsSync(started)).toBe(false);
  gate.release();
  expect((await piecesOf(answer)).at(-1)).toMatchObject({ done: true });
  expect(await desktop.ended).toBe(0);
  await eventually('the newer one', () => existsSync(started) && readFileSync(started, 'utf8') !== '');
  expect(readFileSync(started, 'utf8').trim()).toBe(desktop.dataFolder);
  expect(readFileSync(image, 'utf8')).toContain('echo');
});
