// `npm run sign-release -- KEY.pem release/latest-linux.yml …`: writes into each of the files that electron-builder makes of a release
// for those who look for newer ones the signature that the app asks for (main/updates/signed-release.ts).
import { createPrivateKey, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { signedText, type Release } from '../../main/updates/signed-release.ts';

const [keyFile, ...feeds] = process.argv.slice(2);
if (keyFile === undefined || feeds.length === 0) {
  process.stderr.write(
    'Say the file of the private key (Ed25519, PEM), and those to sign: release/latest-linux.yml …\n',
  );
  process.exit(64);
}
const key = createPrivateKey(await readFile(keyFile, 'utf8'));
for (const feed of feeds) {
  const text = await readFile(feed, 'utf8');
  const release = parse(text) as Release;
  const signature = sign(null, Buffer.from(signedText(release)), key).toString('base64');
  const unsigned = text.replace(/^signature: .*\n?/m, '');
  await writeFile(feed, `${unsigned.trimEnd()}\nsignature: ${signature}\n`);
  process.stderr.write(`${feed} is signed as ${release.version}.\n`);
}
