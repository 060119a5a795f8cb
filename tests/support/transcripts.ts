// Recorded exchanges with a real Ollama 0.33 (tests/data/transcripts, one a file): reading them, sending their requests again, and
// telling an answer without what differs each time (ids, times, tokens, figures), so that two answers can be compared as text.
import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { Scripted, ScriptedPiece } from './fake-ollama/fake-ollama.ts';

/** One answer as it came over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

export interface Transcript extends Question {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly reply: Reply;
  /** The recorder left out the end of the answer. */
  readonly cut: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const FOLDER = new URL('../data/transcripts/', import.meta.url);

/** All of them, by name. */
export function transcripts(): readonly Transcript[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map((file) => parsed(file.replace(/\.txt$/, ''), readFileSync(new URL(file, FOLDER), 'utf8')));
}

/** `> METHOD path`, `> body`, then the answer's head and body. */
function parsed(name: string, recorded: string): Transcript {
  const text = recorded.replaceAll('\r\n', '\n');
  const answer = text.indexOf('HTTP/1.1 ');
  const [line = '', body = ''] = text
    .slice(0, answer)
    .split('\n')
    .map((each) => each.replace(/^> ?/, ''));
  const [method = '', path = ''] = line.split(' ');
  const end = text.indexOf('\n\n', answer);
  const [status = '', ...lines] = text
    .slice(answer, end < 0 ? undefined : end)
    .trim()
    .split('\n');
  const headers = Object.fromEntries(
    lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 2)]),
  );
  const whole = end < 0 || method === 'HEAD' ? '' : text.slice(end + 2);
  const cutAt = / \.\.\.\[\d+ bytes\]/.exec(whole)?.index;
  const length = headers['content-length'];
  const sent =
    cutAt !== undefined
      ? whole.slice(0, cutAt)
      : length === undefined
        ? whole.replaceAll(/^(?:\.\.\.|\[curl exit 0\])\n/gm, '')
        : Buffer.from(whole).subarray(0, Number(length)).toString();
  return {
    name,
    method,
    path,
    ...(body !== 'None' && !body.startsWith('curl exit') && { body }),
    reply: { status: Number(status.split(' ')[1]), headers, text: sent },
    cut: cutAt !== undefined,
  };
}

/** Sends a request as it is: no header but Host, Content-Type and Content-Length, no cleaning of the path, no following. */
export function ask(url: string, { method, path, body }: Question): Promise<Reply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body ?? '') };
    const options = { host: hostname, port, method, path, agent: false, ...(body !== undefined && { headers }) };
    const sent = request(options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

// ---- telling an answer

const HEADERS = ['content-type', 'allow', 'location', 'retry-after'];

/** The answer without what differs each time, one line a fact: status, headers, then each object with its keys in their order. */
export function told({ status, headers, text }: Reply): readonly string[] {
  const type = String(headers['content-type'] ?? '');
  const head = [String(status), ...HEADERS.flatMap((name) => (headers[name] ? [`${name}: ${headers[name]}`] : []))];
  if (text === '') return head;
  if (type.startsWith('application/json')) {
    return [...head, steadyJson(text), text.endsWith('\n') ? 'a newline at the end' : 'no newline at the end'];
  }
  const lines = text.split('\n').filter((line) => line !== '');
  return [...head, ...lines.map((line) => line.replace(/(?<=^(?:data: )?)\{.*\}$/, steadyJson))];
}

/** JSON text with its keys in their order and without what differs each time. */
function steadyJson(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `not JSON: ${text}`;
  }
  return JSON.stringify(steady(value, ''));
}

const FIGURE =
  /^(?:created|created_at|completed_at|modified_at|expires_at|size|size_vram|logprob|\w+_duration|\w+_count|(?!max_)\w+_tokens)$/;
const TOKENS = /^(?:token|bytes|context)$/;
const ID = /^(chatcmpl|cmpl|call|msg|resp|req|fc|rs)[-_][\da-z-]+$/;

function steady(value: unknown, key: string): unknown {
  if (value === null) return null;
  if (FIGURE.test(key)) return '<figure>';
  if (TOKENS.test(key)) return '<tokens>';
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((each) => typeof each === 'number')) return `<${value.length} numbers>`;
    return value.map((each) => steady(each, ''));
  }
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, steady(inner, name)]));
  }
  if (typeof value !== 'string') return value;
  if (key === 'embedding') return `<${value.length} characters>`;
  if (key === 'error') return value.replaceAll(/\d{4,}/g, '<figure>');
  if (key === 'status') return value.replace(/[\da-f]{64}/, '<digest>');
  // Written in another order each time.
  if (key === 'parameters') return value.split('\n').toSorted().join('\n');
  return value.replace(ID, '$1<id>');
}

/** What can be compared of an answer whose end was left out: its beginning, without numbers. */
export const beginning = (text: string): string => text.replaceAll(/-?\d+\.\d+(?:e-\d+)?,?-?/g, '').slice(0, 2000);

// ---- what the model said

/** The script that makes a fake say what the real model said. */
export function saidIn({ path, reply: { text } }: Transcript): Scripted {
  const parts = text
    .split('\n')
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Fields);
  const reasons = parts.map(reasonIn).filter((reason) => reason !== undefined);
  const reason = reasons.at(-1);
  const pieces = parts.flatMap((part) => piecesIn(part, path));
  return { pieces, pieceMs: -1, ...(reason !== undefined && { doneReason: reason }) };
}

const REASONS: Readonly<Record<string, string>> = { max_tokens: 'length', end_turn: 'stop', tool_calls: 'stop' };

function reasonIn(part: Fields): string | undefined {
  const [choice] = (part['choices'] ?? []) as Fields[];
  const { stop_reason: stop } = (part['delta'] ?? part) as Fields;
  const reason = part['done_reason'] ?? choice?.['finish_reason'] ?? stop;
  return typeof reason === 'string' ? (REASONS[reason] ?? reason) : undefined;
}

function piecesIn(part: Fields, path: string): readonly ScriptedPiece[] {
  const [choice] = (part['choices'] ?? []) as Fields[];
  const message = (choice?.['delta'] ?? choice?.['message'] ?? part['message'] ?? choice ?? part) as Fields;
  if (path.startsWith('/v1/responses')) {
    if (part['type'] === 'response.output_text.delta') return [String(part['delta'])];
    const [item] = (part['output'] ?? []) as { readonly content?: readonly Fields[] }[];
    return (item?.content ?? []).map((each) => String(each['text']));
  }
  if (path.startsWith('/v1/messages')) {
    if (part['type'] === 'content_block_delta') return [String((part['delta'] as Fields)['text'])];
    return ((part['content'] ?? []) as Fields[]).map((each) => String(each['text']));
  }
  const log = part['logprobs'] ?? (choice?.['logprobs'] as Fields | undefined)?.['content'];
  if (Array.isArray(log)) return (log as Fields[]).map((each) => String(each['token']));
  const calls = message['tool_calls'] as readonly Fields[] | undefined;
  if (calls !== undefined) return [{ tool_calls: calls.map(nativeCall) }];
  const content = message['content'] ?? message['response'] ?? message['text'];
  return typeof content === 'string' && content !== '' ? [content] : [];
}

/** A tool call as a model's runner gives it: its arguments are an object. */
function nativeCall({ id, index, function: called }: Fields): Fields {
  const { arguments: given, ...rest } = called as Fields;
  const args: unknown = typeof given === 'string' ? JSON.parse(given) : given;
  return { id, function: { ...(index !== undefined && { index }), ...rest, arguments: args } };
}
