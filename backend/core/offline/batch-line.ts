// Parses one line of a batch's file, and writes the line with its outcome, both in OpenAI's form. Pure.
import type { PromptKept } from '../../contract/rules/pin-rule.ts';
import type { Line } from './file-lines.ts';
import type { Fault } from './offline-store.ts';

/** A valid line. */
export interface AskedLine {
  readonly customId: string;
}

/** An invalid line, with its `custom_id` if it has one. */
export interface WrongLine {
  readonly customId: string | null;
  readonly fault: Fault;
}

/** The longest `custom_id` in characters; OpenAI's own limit is not documented. */
const LONGEST_ID = 512;

/** Parses a line. Its body is validated when it is asked, like that of a live request. */
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

/** The outcome of a line. */
export type Outcome =
  | {
      readonly status: number;
      readonly requestId: string;
      /** JSON. */
      readonly body: string;
      /** What of its prompt was kept the same. */
      readonly promptKept?: PromptKept | undefined;
    }
  | { readonly error: { readonly code: string; readonly message: string; readonly line?: number | null } };

/** The line that reports an outcome, with its line break. */
export function outcomeLine(id: string, customId: string | null, outcome: Outcome): string {
  const head = `{"id":${JSON.stringify(id)},"custom_id":${JSON.stringify(customId)},`;
  if ('error' in outcome) return `${head}"response":null,"error":${JSON.stringify(outcome.error)}}\n`;
  const { status, requestId, body, promptKept } = outcome;
  const kept = promptKept === undefined ? '' : `"prompt_kept":${JSON.stringify(promptKept)},`;
  const response = `{"status_code":${status},"request_id":${JSON.stringify(requestId)},${kept}"body":${body.trim()}}`;
  return `${head}"response":${response},"error":null}\n`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined when it is not JSON, which is never undefined itself. */
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
