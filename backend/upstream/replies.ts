// Checks what Ollama answers in one piece (lists, versions, vectors, parameters) and turns it into Hearth's own types.
// Pure. Lenient with servers of any age: an absent or null field counts as empty. reply.ts reads answers that come line
// by line.
import { z } from 'zod';
import type { EmbedReply, InstalledModel, LoadedModel, Modelfile } from '../core/ports.ts';

const text = z.string().nullish();
const bytes = z.number().nonnegative().nullish();

/** `name` and `model` hold the same name; servers may leave one of them out. */
const named = { name: text, model: text, digest: text, size: bytes };

/** Answer of /api/tags. */
export const tagsSchema = z
  .object({
    models: z
      .array(
        z
          .object({
            ...named,
            modified_at: text,
            capabilities: z.array(z.string()).nullish(),
            remote_model: text,
            remote_host: text,
            details: z.record(z.string(), z.unknown()).nullish(),
          })
          .transform((model): InstalledModel => {
            const { capabilities } = model;
            return {
              name: model.name ?? model.model ?? '',
              digest: model.digest ?? '',
              size: model.size ?? 0,
              modified_at: model.modified_at ?? '',
              ...(capabilities ? { capabilities } : {}),
              remote: Boolean(model.remote_model ?? model.remote_host),
              details: model.details ?? {},
            };
          }),
      )
      .nullable(),
  })
  .transform(({ models }) => (models ?? []).filter(({ name }) => name !== ''));

/** Answer of /api/ps. */
export const psSchema = z
  .object({
    models: z
      .array(
        z
          .object({ ...named, size_vram: bytes, expires_at: text, context_length: z.number().nullish() })
          .transform((model): LoadedModel => {
            const { context_length: length } = model;
            return {
              name: model.name ?? model.model ?? '',
              digest: model.digest ?? '',
              size: model.size ?? 0,
              size_vram: model.size_vram ?? 0,
              expires_at: instant(model.expires_at),
              ...(typeof length === 'number' && length > 0 ? { context_length: length } : {}),
            };
          }),
      )
      .nullable(),
  })
  .transform(({ models }) => (models ?? []).filter(({ name }) => name !== ''));

/** Answer of /api/version. */
export const versionSchema = z.object({ version: z.string() }).transform(({ version }) => version);

/** Milliseconds since 1970 of a Go time, which has up to nine decimals and any year; 0 if it cannot be read. */
function instant(time: string | null | undefined): number {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? 0 : at;
}

const vector = z.array(z.number());
const figure = z.number().nonnegative().nullish();

/** Answer of /api/embed. */
export const embedSchema = z
  .object({
    embeddings: z.array(vector).nullable(),
    total_duration: figure,
    load_duration: figure,
    prompt_eval_count: figure,
  })
  .transform((reply): EmbedReply => ({
    vectors: reply.embeddings ?? [],
    total_duration: reply.total_duration ?? 0,
    load_duration: reply.load_duration ?? 0,
    prompt_eval_count: reply.prompt_eval_count ?? 0,
  }));

/** Answer of the legacy /api/embeddings, which has no metrics. */
export const embeddingsSchema = z.object({ embedding: vector.nullable() }).transform(({ embedding }): EmbedReply => ({
  vectors: [embedding ?? []],
  total_duration: 0,
  load_duration: 0,
  prompt_eval_count: 0,
}));

/** The `capabilities` of /api/show; undefined from servers without them. */
export const capabilitiesSchema = z
  .object({ capabilities: z.array(z.string()).nullish() })
  .transform(({ capabilities }) => capabilities ?? undefined);

/** The `parameters` of /api/show: a text block with a name and a value on each line, in any order. */
export const parametersSchema = z.object({ parameters: text }).transform(({ parameters }) => {
  const found = new Map<string, string[]>();
  for (const whole of (parameters ?? '').split('\n')) {
    const line = whole.trimEnd();
    const gap = line.search(/\s/);
    if (gap < 1) continue;
    const name = line.slice(0, gap);
    const values = found.get(name) ?? [];
    values.push(
      line
        .slice(gap)
        .trimStart()
        .replace(/^"(.*)"$/, '$1'),
    );
    found.set(name, values);
  }
  return found as ReadonlyMap<string, readonly string[]>;
});

/** A blob at the end of a line, in a path that may be quoted: Ollama names its files by their sha256. */
const BLOB = /sha256[-:]([0-9a-f]{64})"?$/;

/**
 * The blobs that a runner is loaded from: the FROM, ADAPTER and DRAFT lines at the head of a Modelfile, which Ollama
 * writes before all else (server/images.go, Model.String). Undefined if they name no blob, as for cloud models.
 */
function weightsOf(modelfile: string): string | undefined {
  const blobs: string[] = [];
  for (const line of modelfile.split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    if (!/^(FROM|ADAPTER|DRAFT) /.test(line)) break;
    const blob = BLOB.exec(line.trimEnd())?.[1];
    if (blob === undefined) return undefined;
    blobs.push(blob);
  }
  return blobs.length === 0 ? undefined : blobs.join(' ');
}

/** Keys of the model file's metadata, each with the architecture's name in front. */
const CONTEXT_LENGTH = /^[^.]+\.context_length$/;
const VECTOR_LENGTH = /^[^.]+\.embedding_length$/;

/** A licence is named by its first line, plus the next one if that has the version. */
const LONGEST_NAME = 80;

/** "Apache License Version 2.0, January 2004", from the full text of the licence. */
function licenseName(whole: string): string | undefined {
  const [first, next = ''] = whole
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (first === undefined) return undefined;
  return (/^version\b/i.test(next) ? `${first} ${next}` : first).slice(0, LONGEST_NAME);
}

/** Answer of /api/show: the Modelfile and what describes it. */
export const modelfileSchema = z
  .object({
    parameters: text,
    modelfile: text,
    license: text.catch(null),
    model_info: z.record(z.string(), z.unknown()).nullish().catch(null),
  })
  .transform((shown): Modelfile => {
    const said = (key: RegExp): number | undefined => {
      const value = Object.entries(shown.model_info ?? {}).find(([name]) => key.test(name))?.[1];
      return typeof value === 'number' && value > 0 ? value : undefined;
    };
    const [contextLength, vectorLength] = [said(CONTEXT_LENGTH), said(VECTOR_LENGTH)];
    const license = licenseName(shown.license ?? '');
    return {
      parameters: parametersSchema.parse(shown),
      weights: weightsOf(shown.modelfile ?? ''),
      ...(contextLength === undefined ? {} : { contextLength }),
      ...(vectorLength === undefined ? {} : { vectorLength }),
      ...(license === undefined ? {} : { license }),
    };
  });
