// What a check has found: whether it is well, in a sentence, and what to do where it is not.

export interface Finding {
  /** What was looked at, for programs. */
  readonly check: string;
  /** `unknown`: it cannot be seen from here. */
  readonly result: 'ok' | 'warn' | 'fail' | 'unknown';
  /** One whole sentence. */
  readonly says: string;
  /** What to do, in sentences. */
  readonly todo?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, result: 'ok', says });
export const warn = (check: string, says: string, todo: string): Finding => ({ check, result: 'warn', says, todo });
export const fail = (check: string, says: string, todo: string): Finding => ({ check, result: 'fail', says, todo });
export const unknown = (check: string, says: string, todo: string): Finding => ({
  check,
  result: 'unknown',
  says,
  todo,
});
