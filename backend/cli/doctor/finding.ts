// The result of a check: its verdict in a sentence, and what to do if something is wrong.

export interface Finding {
  /** The name of the check, for programs. */
  readonly check: string;
  /** `unknown`: it cannot be determined from here. */
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
