// Reads and checks X-Hearth-Mode, the mode of one request. core/stories/chat/recorder.ts says what a mode does.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../../contract/config/config.ts';
import { AppError } from '../../contract/errors.ts';
import { MODE_NAMES, modeNamed, type Mode } from '../../contract/rules/mode.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { requireScope } from '../door/caller.ts';
import { header } from '../wire/header.ts';

/**
 * The mode that a request asks for; undefined leaves it to the settings. A recording belongs to all callers, so only
 * callers who may manage Hearth may write or read one that the settings do not turn on for everybody. While the
 * settings say "replay", no request may choose another mode: it would reach an Ollama that must be left alone. Throws
 * invalid_request and forbidden.
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

/** Sets X-Hearth-Mode on the answer, unless the mode is the usual one. */
export function tellMode(res: ServerResponse, mode: Mode | undefined): void {
  if (mode !== undefined && !res.headersSent) res.setHeader('X-Hearth-Mode', mode);
}
