// Validates input of a caller against its schema.
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { explain } from './explain.ts';

/**
 * Only one issue is reported, so parsing stops at the first: collecting a million takes zod seconds, and joining some
 * 100,000 overflows its stack. A custom check (`refine`) must set `abort: true` to stop a list.
 */
const FIRST_ISSUE: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };

/** The parsed input. Throws invalid_request with a sentence that names the field. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input, FIRST_ISSUE);
  if (!parsed.success) throw new AppError('invalid_request', explain(parsed.error, input));
  return parsed.data;
}
