// Why a download stopped: the kind of failure, so that each language has words for it, and an English sentence.
import type { AppError } from '../../contract/errors.ts';
import type { PullFailure } from '../../contract/views/pull-view.ts';

/** The wording of Linux and macOS, and of Windows. */
const NO_ROOM = /no space left on device|not enough space on the disk|disk quota exceeded/i;
/** Go's wording when a name is not found or nobody answers: the network is down for a while (package net). */
const NO_NETWORK =
  /no such host|network is unreachable|i\/o timeout|handshake timeout|connection (?:reset|refused)|EOF$/i;
/** Ollama's wording when the registry has no such model or tag (server/images.go, makeRequestWithRetry). */
const UNKNOWN = /^pull model manifest: file does not exist/;

/** Keeps Ollama's own wording, unless it can be said more plainly. */
export function pullFailureOf({ code, message, native, broke }: AppError): PullFailure {
  const said = native?.body['error'];
  if (typeof said === 'string') {
    if (UNKNOWN.test(said)) return { kind: 'unknown_model', said: '' };
    if (NO_ROOM.test(said)) return { kind: 'disk_full', said: '' };
    return { kind: 'ollama_says', said };
  }
  if (code === 'upstream_unreachable') return { kind: 'ollama_away', said: '' };
  if (broke || code === 'idle_timeout') return { kind: 'broke_off', said: '' };
  return { kind: 'other', said: message };
}

/** Whether only a connection failed, to Ollama or from it to the internet. */
export function isLost({ kind, said }: PullFailure): boolean {
  return kind === 'ollama_away' || kind === 'broke_off' || NO_NETWORK.test(said);
}

/** For people, in English. */
export function pullSentence({ kind, said }: PullFailure): string {
  switch (kind) {
    case 'unknown_model':
      return 'There is no such model. Check its name, and the tag behind the colon.';
    case 'disk_full':
      return 'The disk is full. Make room, then resume.';
    case 'ollama_says':
      return `Ollama: “${said}”`;
    case 'ollama_away':
      return 'Ollama does not answer.';
    case 'broke_off':
      return 'The connection to Ollama broke off.';
    case 'other':
      return said;
  }
}
