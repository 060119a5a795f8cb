// Ollama answers and does not let Hearth in, or Hearth does not believe that it is Ollama: in few words, for those who
// look at the window or the tray.
import type { ErrorCode } from './errors.ts';

const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  upstream_unauthorized: 'Ollama wants a key',
  upstream_forbidden: 'Ollama refuses Hearth',
  upstream_untrusted: 'Certificate not trusted',
};

/** By the code of /health; undefined where it is something else that is wrong. */
export function shutOut(code: ErrorCode | undefined): string | undefined {
  return code === undefined ? undefined : WORDS[code];
}
