// When two names mean one model. Pure.
import { canonicalName } from '../../backend/contract/model-name.ts';

/** Whether Ollama reads both names alike. */
export function sameModel(a: string, b: string): boolean {
  return canonicalName(a) === canonicalName(b);
}
