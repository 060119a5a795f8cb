// Input of a caller, checked against its schema at the border.
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { explain } from './explain.ts';

/**
 * Only one issue is reported, so parsing stops at the first: gathering a million would take zod seconds, and
 * joining some 100,000 issues overflows its stack. A check of our own (`refine`) must say `abort: true` to stop a list.
 */
const FIRST_ISSUE: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };

/** The input as its schema reads it. Throws invalid_request with a sentence that names the field. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input, FIRST_ISSUE);
  if (!parsed.success) throw new AppError('invalid_request', explain(parsed.error, input));
  return parsed.data;
}
