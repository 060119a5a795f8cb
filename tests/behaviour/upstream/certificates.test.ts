// Ollama behind https: a certificate authority of one's own is believed when it is named, at once, and what is not believed
// is named with the ways out. Against real servers with real certificates.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { certificateFile, startTlsFront, type CertificateName, type TlsFront } from '../../support/tls-front.ts';

const AUTHORITY = certificateFile('authority.pem');

let hearth: Hearth;
let folder: string;
const fronts: TlsFront[] = [];

const before = process.env['NODE_EXTRA_CA_CERTS'];

beforeEach(async () => {
  delete process.env['NODE_EXTRA_CA_CERTS'];
  hearth = await startHearth();
  folder = mkdtempSync(join(tmpdir(), 'hearth-certificates-'));
});

afterEach(async () => {
  if (before === undefined) delete process.env['NODE_EXTRA_CA_CERTS'];
  else process.env['NODE_EXTRA_CA_CERTS'] = before;
  await hearth.stop();
  await Promise.all(fronts.splice(0).map((front) => front.stop()));
  rmSync(folder, { recursive: true });
});

/** Hearth now asks an Ollama with this certificate. */
async function behind(certificate: CertificateName, ca_file = ''): Promise<TlsFront> {
  const front = await startTlsFront(certificate, hearth.fake);
  fronts.push(front);
  trust(front, ca_file);
  return front;
}

function trust({ url }: TlsFront, ca_file: string): void {
  hearth.backend.configure(hearth.config({ ollama: { api_url: url, ca_file } }));
}

interface Failure {
  readonly error: string;
  readonly code: string;
  readonly retryable: boolean;
}

let question = 0;
/** The error that a chat ends with; undefined when it is answered. Each asks something new. */
async function failure(): Promise<(Failure & { readonly status: number }) | undefined> {
  question += 1;
  const answer = await hearth.chat(`question ${question}`);
  const body = (await answer.json()) as Failure;
  return answer.status === 200 ? undefined : { ...body, status: answer.status };
}

describe('an authority of one’s own', () => {
  test('is believed at once when it is named, for every kind of call, and no longer when it is not', async () => {
    const front = await behind('good');
    expect(await failure()).toMatchObject({ code: 'upstream_untrusted', status: 502, retryable: false });
    expect(front.seen).toEqual([]);
    trust(front, AUTHORITY);
    expect(await failure()).toBeUndefined();
    expect((await hearth.get('/api/tags')).status).toBe(200);
    expect((await hearth.post('/api/show', { model: 'llama3.2' })).status).toBe(200);
    expect((await hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'a' })).status).toBe(200);
    const paths = front.seen.map(({ url }) => url);
    for (const path of ['/api/version', '/api/tags', '/api/ps', '/api/chat', '/api/show', '/api/embed']) {
      expect(paths).toContain(path);
    }
    trust(front, '');
    expect(await failure()).toMatchObject({ code: 'upstream_untrusted' });
  });

  test('may be named in NODE_EXTRA_CA_CERTS too', async () => {
    process.env['NODE_EXTRA_CA_CERTS'] = AUTHORITY;
    await behind('good');
    expect(await failure()).toBeUndefined();
  });

  test('a file of NODE_EXTRA_CA_CERTS that cannot be used takes nothing away', async () => {
    process.env['NODE_EXTRA_CA_CERTS'] = join(folder, 'gone.pem');
    await behind('good', AUTHORITY);
    expect(await failure()).toBeUndefined();
  });

  test('the server’s own certificate may stand in the file instead', async () => {
    await behind('self-signed', certificateFile('self-signed.pem'));
    expect(await failure()).toBeUndefined();
  });

  test('one among several, with words and keys around it', async () => {
    const file = join(folder, 'several.pem');
    const files = [certificateFile('self-signed.pem'), certificateFile('server.key.pem'), AUTHORITY];
    writeFileSync(file, `subject=CN = x\n${files.map((each) => readFileSync(each, 'utf8')).join('words between\n')}`);
    await behind('good', file);
    expect(await failure()).toBeUndefined();
  });

  test('a file that was put right is read again without a restart', async () => {
    const file = join(folder, 'ca.pem');
    copyFileSync(certificateFile('self-signed.pem'), file);
    await behind('good', file);
    expect((await failure())?.error).toContain('is not trusted');
    copyFileSync(AUTHORITY, file);
    expect(await failure()).toBeUndefined();
  });

  test('does not make the authorities unbelieved that are known anyway', async () => {
    process.env['NODE_EXTRA_CA_CERTS'] = AUTHORITY;
    await behind('good', certificateFile('self-signed.pem'));
    expect(await failure()).toBeUndefined();
  });
});

describe('what is not believed is named, with the ways out', () => {
  const WAYS = /ollama\.ca_file .*NODE_EXTRA_CA_CERTS\.$/;
  const cases: readonly (readonly [CertificateName, string, readonly string[]])[] = [
    ['good', '', ['who issued it is not known here', '"localhost", "127.0.0.1"', 'issued by "Hearth test authority"']],
    ['self-signed', '', ['it is signed by itself', 'issued by "self.example"']],
    ['expired', AUTHORITY, ['it ran out on 2024-03-01', 'Have it renewed there']],
    ['early', AUTHORITY, ['it is not valid before 2120-01-01', 'clock of this machine']],
    ['other-name', AUTHORITY, ['it is not for 127.0.0.1', 'It is for "gpu.example"', 'ollama.api_url']],
  ];
  test.each(cases)('%s', async (certificate, caFile, words) => {
    const front = await behind(certificate, caFile);
    const failed = await failure();
    expect(failed).toMatchObject({ code: 'upstream_untrusted', status: 502, retryable: false });
    for (const text of [`The certificate of ${front.url} is not trusted: `, ...words]) {
      expect(failed?.error).toContain(text);
    }
    expect(failed?.error).toMatch(WAYS);
    // Pass-through and /health say the same.
    const passed = (await (await hearth.post('/api/show', { model: 'llama3.2' })).json()) as Failure;
    expect(passed.error).toBe(failed?.error);
    await hearth.backend.control.lookAgain();
    await expect
      .poll(
        async () => ((await (await hearth.get('/health')).json()) as { upstream: { reason: string } }).upstream.reason,
      )
      .toBe(failed?.error);
    expect(front.seen).toEqual([]);
  });
});

describe('a file that cannot be used ends in a sentence that names it', () => {
  test.each([
    ['there is no such file', undefined],
    ['it holds no certificate in PEM form', 'hello'],
    ['it holds a private key and no certificate', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['certificate 1 in it is damaged', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ])('%s', async (why, text) => {
    const file = join(folder, 'ca.pem');
    if (text !== undefined) writeFileSync(file, text);
    await behind('good', file);
    const failed = await failure();
    expect(failed).toMatchObject({ code: 'upstream_untrusted', retryable: false });
    expect(failed?.error).toContain(`ollama.ca_file cannot be used: ${file}: ${why}`);
    copyFileSync(AUTHORITY, file);
    expect(await failure()).toBeUndefined();
  });

  test('a folder', async () => {
    await behind('good', folder);
    expect((await failure())?.error).toContain(`${folder}: it is a folder, not a file`);
  });

  test.runIf(existsSync('/dev/zero'))('a device that never ends', async () => {
    await behind('good', '/dev/zero');
    expect((await failure())?.error).toContain('it is a pipe or a device, not a file');
  });

  test('is of no account without https', async () => {
    hearth.backend.configure(hearth.config({ ollama: { ca_file: join(folder, 'gone.pem') } }));
    expect(await failure()).toBeUndefined();
  });
});
