// One line of a batch's file: what it asks, or what is wrong with it; and the line that says what came of it, both in OpenAI's form. Pure.
import type { Line } from './file-lines.ts';
import type { Fault } from './offline-store.ts';

/** A line that can be asked. */
export interface AskedLine {
  readonly customId: string;
}

/** A line that can't be, with its `custom_id` where it has one. */
export interface WrongLine {
  readonly customId: string | null;
  readonly fault: Fault;
}

/** Characters of a `custom_id`; OpenAI's own limit is not documented. */
const LONGEST_ID = 512;

/** What a line asks. Its body is looked at where it is asked, as that of a live request is. */
export function understoodLine({ number, bytes }: Line, endpoint: string, maxMb: number): AskedLine | WrongLine {
  const wrong = (customId: string | null, code: string, message: string, param: string | null = null): WrongLine => ({
    customId,
    fault: { line: number, code, message: `Line ${number}: ${message}`, param },
  });
  if (bytes === undefined) {
    return wrong(null, 'line_too_large', `it is over ${maxMb} MB. Make it shorter, or raise server.max_body_mb.`);
  }
  const value = parsed(bytes);
  if (value === undefined) return wrong(null, 'invalid_json_line', 'it is not valid JSON.');
  if (!isObject(value)) return wrong(null, 'invalid_json_line', 'it must be a JSON object.');
  const { custom_id: id, method, url, body } = value;
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) {
    const sentence = `custom_id must be a text of 1 to ${LONGEST_ID} characters.`;
    return wrong(null, id === undefined ? 'missing_required_parameter' : 'invalid_custom_id', sentence, 'custom_id');
  }
  if (method !== 'POST') return wrong(id, 'invalid_method', 'method must be "POST".', 'method');
  if (url !== endpoint) {
    return wrong(id, 'invalid_url', `url must be "${endpoint}", as the batch says in endpoint.`, 'url');
  }
  if (!isObject(body)) return wrong(id, 'missing_required_parameter', 'body must be a JSON object.', 'body');
  return { customId: id };
}

/** What came of a line. */
export type Outcome =
  | {
      readonly status: number;
      readonly requestId: string;
      /** JSON. */
      readonly body: string;
    }
  | { readonly error: { readonly code: string; readonly message: string; readonly line?: number | null } };

/** The line in which the outcome is told, with its end. */
export function outcomeLine(id: string, customId: string | null, outcome: Outcome): string {
  const head = `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)},`;
  if ('error' in outcome) return `${head}"response":null,"error":${JSON.stringify(outcome.error)}}\n`;
  const { status, requestId, body } = outcome;
  const response = `{"status_code":${status},"request_id":${JSON.stringify(requestId)},"body":${body.trim()}}`;
  return `${head}"response":${response},"error":null}\n`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined where it is no JSON, which is never undefined itself. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
