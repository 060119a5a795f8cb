// Removes credentials from error answers: error pages of proxies and sign-in addresses may repeat them. This happens
// before a caller, a message or the log sees the answer. Successful answers are left alone: a model may say any word.
import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { Access } from './access.ts';
import { MAX_ERROR_BYTES } from './error-body.ts';

/** An answer with its headers, and the server that sent it. */
export interface Inward {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  readonly access: Access;
}

/**
 * Removes the sent credentials from an answer that is not 2xx; its body then ends after MAX_ERROR_BYTES. A compressed
 * body (gzip) stays as it is.
 */
export function withoutCredentials(answer: Inward): Inward {
  const { status, headers, body, access } = answer;
  if ((status >= 200 && status < 300) || access.from === undefined) return answer;
  const { 'content-length': _length, ...others } = headers;
  return {
    ...answer,
    headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, hiddenIn(value, access)])),
    body: Readable.from(bodyWithout(body, access), { objectMode: false }),
  };
}

function hiddenIn(value: string | string[] | undefined, access: Access): string | string[] | undefined {
  return Array.isArray(value)
    ? value.map((each) => access.withoutSecrets(each))
    : value === undefined
      ? value
      : access.withoutSecrets(value);
}

async function* bodyWithout(
  body: AsyncIterable<Uint8Array>,
  access: Access,
): AsyncGenerator<Uint8Array, void, undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  // Byte for byte, in any encoding.
  const text = Buffer.concat(parts).subarray(0, MAX_ERROR_BYTES).toString('latin1');
  yield Buffer.from(access.withoutSecrets(text), 'latin1');
}
