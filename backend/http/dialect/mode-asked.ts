// The mode of one request: X-Hearth-Mode, and what it may say. What a mode does is core/stories/chat/recorder.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../contract/config/config.ts';
import { AppError } from '../../contract/errors.ts';
import { MODE_NAMES, modeNamed, type Mode } from '../../contract/mode.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { requireScope } from '../door/caller.ts';
import { header } from '../wire/header.ts';

/**
 * The mode that a request asks for; undefined where it leaves that to the settings. A recording is of all callers, so only who
 * may manage Hearth may write or read it where the settings do not say so for everybody. While the settings say "replay", no
 * request may have another mode: it would reach an Ollama that is to be left alone. Throws invalid_request and forbidden.
 */
export function modeAsked(req: IncomingMessage, { cache }: Config): Mode | undefined {
  const word = header(req, 'x-hearth-mode');
  if (word === undefined) return undefined;
  const mode = modeNamed(word);
  if (mode === undefined) {
    const modes = MODE_NAMES.join(', ');
    throw new AppError('invalid_request', sentence`X-Hearth-Mode must be one of ${modes}. It was ${quotation(word)}.`);
  }
  if (mode === cache.mode) return mode;
  if (cache.mode === 'replay') {
    throw new AppError('invalid_request', 'Hearth replays a recording, so X-Hearth-Mode can only be replay.');
  }
  if (mode !== 'live') requireScope(req, 'manage');
  return mode;
}

/** Says in an answer's headers in which mode it is, where that is not the usual one. */
export function tellMode(res: ServerResponse, mode: Mode | undefined): void {
  if (mode !== undefined && !res.headersSent) res.setHeader('X-Hearth-Mode', mode);
}
