// Input of a caller, checked against its schema at the border.
import type { z } from 'zod';
import { AppError } from './errors.ts';
import { explain } from './explain.ts';

/** The input as its schema reads it. Throws invalid_request with a sentence that names the field. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new AppError('invalid_request', explain(parsed.error, input));
  return parsed.data;
}
