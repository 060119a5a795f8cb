// A recording as a file: one line of JSON for each question with its answer, so that people can read and compare it and
// keep it in a repository. core/recordings/recording-line.ts converts lines.
import { z } from 'zod';
import { toolCallSchema } from '../chat/chat-request.ts';
import { metricsSchema, NO_METRICS } from '../chat/chat.ts';

/**
 * The question, as in the body of /api/chat, /api/generate, /api/embed (`input` is one text) or /api/embeddings,
 * without `model` and without fields that change no answer. A picture is written as `sha256:` and the hash of its
 * base64.
 */
const question = z.record(z.string(), z.unknown());

const asked = {
  model: z.string().min(1).max(512),
  /** The caller's part of the cache (`cache.namespace`); absent if it named none. */
  namespace: z.string().min(1).optional(),
  question,
};

const unknownFields = z.record(z.string(), z.unknown());

/**
 * The boundaries of the model's pieces: the kind of text, then the lengths of consecutive pieces, in UTF-16 units or,
 * for anything but text, in items. A `+` before the kind: the first of them came together with the piece before.
 */
const runOfPieces = z.tuple([z.string().regex(/^\+?(?:content|thinking|tool_calls|extra)$/)], z.int().positive());

const writtenLine = z.strictObject({
  route: z.enum(['chat', 'generate']),
  ...asked,
  answer: z.strictObject({
    content: z.string().default(''),
    thinking: z.string().default(''),
    tool_calls: z.array(toolCallSchema).default([]),
    extra: z.array(unknownFields).default([]),
  }),
  /** Absent: each text came in one piece. */
  pieces: z.array(runOfPieces).optional(),
  end: z
    .strictObject({
      created_at: z.string().default('1970-01-01T00:00:00Z'),
      done_reason: z.enum(['stop', 'length']).default('stop'),
      metrics: metricsSchema.default(NO_METRICS),
      extra: unknownFields.optional(),
      joined: z.literal(true).optional(),
    })
    .prefault({}),
});

const vectorLine = z.strictObject({
  route: z.enum(['embed', 'embeddings']),
  ...asked,
  vector: z.array(z.number()).min(1),
  /** Tokens of the text. */
  tokens: z.number().nonnegative().default(0),
  /** Nanoseconds. */
  duration: z.number().nonnegative().default(0),
});

export const recordingLineSchema = z.discriminatedUnion('route', [writtenLine, vectorLine]);
export type RecordingLine = z.output<typeof recordingLineSchema>;
export type WrittenLine = z.output<typeof writtenLine>;
export type RunOfPieces = z.output<typeof runOfPieces>;
