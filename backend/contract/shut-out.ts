// Why Ollama is of no use now, in few words: it is not there, it does not let Hearth in, or Hearth does not believe that it
// is Ollama.
import type { Health } from './control.ts';
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

/** The same of an Ollama that is down for whatever reason. */
export function downWords({ code, foreign }: Pick<Health['upstream'], 'code' | 'foreign'>): string {
  return shutOut(code) ?? (foreign === true ? 'No Ollama at its address' : 'Ollama is not running');
}
