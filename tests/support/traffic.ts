// What real apps and their libraries were seen to send, in tests/data/traffic: a file for each app, a request for each line.
// Long texts are replaced by their length, and all but the first of long lists by their number.
import { readdirSync, readFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { resolve } from 'node:path';

// By the folder that npm starts everything in: what is built stands elsewhere than this file.
const FOLDER = resolve('tests/data/traffic');

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Stands for a text that was empty or not recorded. */
  readonly body: Readonly<Record<string, unknown>> | string;
  /** What was answered when it was recorded; 0 where its sender left. */
  readonly status: number;
}

/** The names of the apps. */
export const APPS: readonly string[] = readdirSync(FOLDER).map((name) => name.replace(/\.jsonl$/, ''));

/** What an app sent, in order, without what was not recorded whole. */
export function sentBy(app: string): readonly Sent[] {
  const lines = readFileSync(`${FOLDER}/${app}.jsonl`, 'utf8').trim().split('\n');
  return lines.map((line) => readSent(line)).filter(({ status }) => status !== 0);
}

/** "<9 more like these>" stands in lists of objects, "<### Task: … text, 507 characters>" for a text that begins so. */
function readSent(line: string): Sent {
  return JSON.parse(line, (_name, value: unknown) => {
    if (typeof value === 'string') return value.replace(/^<(### Task:) (…[^>]*)>$/, '$1\n$2');
    if (!Array.isArray(value)) return value;
    return value.filter((each) => !(typeof each === 'string' && /^<\d+ more like these>$/.test(each)));
  }) as Sent;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends a request with exactly its own headers, and those of its connection. */
export function sendAgain(base: string, { method, url, headers, body }: Sent): Promise<Answered> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = text === '' ? {} : { 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const outgoing = request(base + url, { method, headers: { ...headers, ...length }, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
