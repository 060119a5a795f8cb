// Renders a request as a program that its user can run: with the original body if that is still known, and without
// keys.
import { copied, KEY_PLACE } from '../../../contract/views/copied-request.ts';
import type { CopyForm } from '../../../contract/views/request-body.ts';
import { HIDDEN } from '../../../contract/secret.ts';
import { isKey } from '../../ownership.ts';
import type { Sent } from '../../requests/bodies.ts';
import { textOf, withoutSecrets } from '../../requests/shown-text.ts';
import type { RequestTexts } from './request-texts.ts';

/** Headers that change the answer. A program sends its own for all others. */
const TOLD =
  /^(?:content-type|accept|cache-control|anthropic-(?:version|beta)|x-(?:cache-control|queue-priority|stream-replay|hearth-mode))$/;
const JSON_BODY = { 'content-type': 'application/json' };
const FILE = /\[\d+ bytes, sha256 [\da-f]{64}\]/;

export interface CopyWish {
  readonly id: string;
  readonly form: CopyForm;
  /** Who asks for the copy. */
  readonly watcher: string;
  /** The address of Hearth, such as `http://127.0.0.1:8080`. */
  readonly url: string;
}

/** The parts of the request to copy. */
interface Source extends Pick<Sent, 'method' | 'path' | 'headers'> {
  readonly owner: string;
  readonly body: string;
  /** How it differs from the original, in sentences. */
  readonly notes: readonly string[];
}

/** Throws request_not_found. */
export function copyRequest(texts: RequestTexts, wish: CopyWish): string {
  const latest = texts.latest(wish.id, wish.watcher);
  const source = latest === undefined ? kept(texts, wish) : asItCame(latest);
  const headers = Object.entries(source.headers).filter(([name]) => TOLD.test(name));
  const notes = [...source.notes];
  if (source.body.includes(HIDDEN)) notes.push(`A secret is hidden in it: ${HIDDEN}.`);
  if (isKey(source.owner)) {
    headers.push(['authorization', `Bearer ${KEY_PLACE}`]);
    notes.push(`Put your key in place of ${KEY_PLACE}.`);
  }
  const { method, path, body } = source;
  return copied(wish.form, { method, url: wish.url + path, headers: Object.fromEntries(headers), body, notes });
}

function asItCame({ owner, sent }: { readonly owner: string; readonly sent: Sent }): Source {
  const { method, headers } = sent;
  const path = withoutSecrets(sent.path);
  const text = textOf(sent.body);
  const body = text === undefined ? '…' : withoutSecrets(text);
  const notes = text === undefined ? ['Its body is no text: put your own in place of "…".'] : [];
  return { owner, method, path, headers, body, notes };
}

function kept(texts: RequestTexts, { id, watcher }: CopyWish): Source {
  const { owner, route, model } = texts.known(id, watcher);
  const { request } = texts.body(id, watcher);
  if (request === null) {
    const notes = ['What was asked is not kept: put your own text in place of "…".'];
    return { owner, method: 'POST', path: route, headers: JSON_BODY, body: skeleton(route, model), notes };
  }
  const { method, path, headers, text, cut } = request;
  const notes = [
    ...(cut > 0 ? ['It was too long to be kept whole: fill in what is left out.'] : []),
    ...(FILE.test(text) ? ['Images and files in it are not kept: fill them in.'] : []),
  ];
  return { owner, method, path, headers, body: text, notes };
}

/** The smallest body that a route accepts. */
function skeleton(route: string, model: string): string {
  const text = '…';
  if (route.includes('embed')) {
    return JSON.stringify(route === '/api/embeddings' ? { model, prompt: text } : { model, input: text });
  }
  if (route === '/v1/responses') return JSON.stringify({ model, input: text });
  if (route === '/api/generate' || route === '/v1/completions') return JSON.stringify({ model, prompt: text });
  const messages = [{ role: 'user', content: text }];
  return JSON.stringify(route === '/v1/messages' ? { model, max_tokens: 1024, messages } : { model, messages });
}
