// Why Ollama is of no use now, in few words: it is not there, it does not let Hearth in, or Hearth does not believe that it
// is Ollama.
import type { Health } from '../backend/contract/views/control.ts';
import type { ErrorCode } from '../backend/contract/errors.ts';
import { t, type TextKey } from './texts.ts';

const TEXTS: Readonly<Partial<Record<ErrorCode, TextKey>>> = {
  upstream_unauthorized: 'state.no_key',
  upstream_forbidden: 'state.refused',
  upstream_untrusted: 'state.untrusted',
};

/** By the code of /health; undefined where it is something else that is wrong. */
export function shutOut(code: ErrorCode | undefined): string | undefined {
  const key = code === undefined ? undefined : TEXTS[code];
  return key === undefined ? undefined : t(key);
}

/** The same of an Ollama that is down for whatever reason. */
export function downWords({ code, foreign }: Pick<Health['upstream'], 'code' | 'foreign'>): string {
  return shutOut(code) ?? t(foreign === true ? 'state.foreign' : 'state.down');
}
