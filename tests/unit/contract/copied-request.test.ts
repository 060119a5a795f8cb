// A request copied as a program: real ones run it, and what arrives is compared byte for byte.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copied } from '../../../backend/contract/views/copied-request.ts';
import type { CopyForm } from '../../../backend/contract/views/request-body.ts';

const run = promisify(execFile);
const come: { method: string; path: string; type: string; body: string }[] = [];
let server: Server;
let url: string;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-copied-'));
  server = createServer((req, res) => {
    const pieces: Buffer[] = [];
    req.on('data', (piece: Buffer) => pieces.push(piece));
    req.on('end', () => {
      const { method = '', url: path = '', headers } = req;
      come.push({ method, path, type: String(headers['x-told'] ?? ''), body: Buffer.concat(pieces).toString() });
      res.end('ANSWERED "ü"');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat?a=1&b=$HOME`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const json = (content: string): string => JSON.stringify({ messages: [{ role: 'user', content }] });
const BODIES: readonly [string, string][] = [
  ['plain', json('Why does bread rise?')],
  ['every quote', json('\'single\' "double" `back` \'\'\' """ $HOME ${x} $(id) !! \\ \\n % # @')],
  ['lines', json('one\ntwo\r\nthree\tfour')],
  ['lines that are no JSON', "END_OF_BODY\n'\nEOF\nEND_OF_BODY"],
  ['carriage returns', 'a\r\nb\r'],
  ['letters of the world', json('Größe 日本語 🍞 \u2028 é')],
  ['a backslash at the end', 'x\\'],
  ['a quote at the end', "x'"],
  ['what curl takes for a file', '@/etc/hostname'],
  ['nothing', ''],
];
const LONG = json(`${'Bread rises. It\'s "warm". '.repeat(40_000)}END`);

/** Each program, the end of the names of its files, and how one text among many is written for it. */
const PROGRAMS: Readonly<Record<CopyForm, readonly [program: string, end: string, one: (text: string) => string]>> = {
  curl: ['bash', 'sh', (text) => `${text}echo\n`],
  fetch: [process.execPath, 'mjs', (text) => `{\n${text}}\n`],
  python: ['python3', 'py', (text) => text],
};

test.each(Object.keys(PROGRAMS) as CopyForm[])('%s sends what was copied, byte for byte', async (form) => {
  const bodies = [...BODIES.map(([, body]) => body), LONG];
  come.length = 0;
  const headers = { 'content-type': 'application/json', 'x-told': `it's "so" $HOME` };
  const [program, end, one] = PROGRAMS[form];
  const source = bodies.map((body) =>
    one(copied(form, { method: 'POST', url, headers, body, notes: ['A note\nin two lines.'] })),
  );
  const file = join(folder, `copied.${end}`);
  writeFileSync(file, source.join(''));
  expect((await run(program, [file])).stdout).toBe('ANSWERED "ü"\n'.repeat(bodies.length));
  // What a here-document holds ends with a new line, which is nothing in JSON.
  const sent = come.map(({ body }) => (form === 'curl' && body.length > 500_000 ? body.slice(0, -1) : body));
  expect(sent).toEqual(bodies);
  expect(new Set(come.map(({ method, path, type }) => `${method} ${path} ${type}`))).toEqual(
    new Set([`POST /v1/chat?a=1&b=$HOME it's "so" $HOME`]),
  );
});
