// Answers read as the strictest of the clients read them. Each function throws what is wrong, and gives what was said.
// What comes between events of a stream, heart-beats, is a comment line and nothing else.
import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/** Lines of JSON, each with its end; the last alone is done, unless it is a progress such as that of a pull. */
export function ndjson(text: string): readonly Json[] {
  if (!text.endsWith('\n')) throw new Error(`no end of line at the end: ${text.slice(-80)}`);
  const lines = text.slice(0, -1).split('\n').map(object);
  for (const [at, line] of lines.entries()) {
    if ('error' in line) throw new Error(JSON.stringify(line));
    if ('done' in line && line['done'] !== (at === lines.length - 1))
      throw new Error(`done at the wrong place: ${text}`);
  }
  return lines;
}

interface ServerEvent {
  readonly name: string | undefined;
  readonly data: string;
}

/** Server-sent events: perhaps a name, one line of data, an empty line behind it. */
function events(text: string): readonly ServerEvent[] {
  const told = text.replaceAll(/^:[^\n]*\n/gm, '');
  if (!told.endsWith('\n\n')) throw new Error(`no empty line at the end: ${text.slice(-80)}`);
  return told
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const [, name, data] = /^(?:event: (.+)\n)?data: (.+)$/.exec(event) ?? [];
      if (data === undefined) throw new Error(`no event: ${JSON.stringify(event)}`);
      return { name, data };
    });
}

/** `data:` lines as our own routes have them; the last one is done. */
export function ownEvents(text: string): readonly Json[] {
  return ndjson(
    events(text)
      .map(({ data }) => `${data}\n`)
      .join(''),
  );
}

const chunkSchema = z.object({
  id: z.string().min(1),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string().min(1),
  choices: z.array(
    z.object({ index: z.literal(0), delta: z.looseObject({}), finish_reason: z.string().nullable() }).loose(),
  ),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }).nullish(),
});

/** OpenAI's chat: one id, one reason to finish, then perhaps the usage, and `[DONE]`. */
export function openaiChunks(text: string, wantsUsage: boolean): readonly Json[] {
  const all = events(text);
  if (all.at(-1)?.data !== '[DONE]') throw new Error(`no [DONE]: ${text.slice(-200)}`);
  const chunks = all.slice(0, -1).map(({ name, data }) => {
    if (name !== undefined) throw new Error(`an event with a name: ${name}`);
    return chunkSchema.parse(JSON.parse(data));
  });
  const finished = chunks.filter(({ choices }) => choices.some(({ finish_reason: reason }) => reason !== null));
  if (finished.length !== 1) throw new Error(`${finished.length} reasons to finish: ${text}`);
  if (new Set(chunks.map(({ id }) => id)).size !== 1) throw new Error(`several ids: ${text}`);
  const last = chunks.at(-1);
  const ends = wantsUsage ? last?.choices.length === 0 && Boolean(last.usage) : last === finished[0];
  if (!ends) throw new Error(`a wrong last chunk: ${JSON.stringify(last)}`);
  return chunks;
}

/** OpenAI's Responses: each event is called what it is, numbered without a gap, from created to completed. */
export function responsesEvents(text: string): readonly Json[] {
  return named(text, 'response.created', 'response.completed').map((event, at, { 0: first }) => {
    if (event['sequence_number'] !== Number(first?.['sequence_number']) + at)
      throw new Error(`a gap before ${at}: ${text}`);
    return event;
  });
}

/** Anthropic's Messages. */
export function messagesEvents(text: string): readonly Json[] {
  return named(text, 'message_start', 'message_stop');
}

function named(text: string, first: string, last: string): readonly Json[] {
  const all = events(text).map(({ name, data }) => {
    const event = object(data);
    if (event['type'] !== name) throw new Error(`${name} is a ${String(event['type'])}`);
    return event;
  });
  const ends = [all[0]?.['type'], all.at(-1)?.['type']];
  if (ends[0] !== first || ends[1] !== last) throw new Error(`from ${ends.join(' to ')}: ${text}`);
  return all;
}

function object(text: string): Json {
  return z.looseObject({}).parse(JSON.parse(text));
}
