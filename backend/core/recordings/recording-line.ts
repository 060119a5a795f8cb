// A recording as one line of a file, and back. Reading and writing a line gives the same bytes. Pure.
import type { Completion, Cut } from '../../contract/chat/chat.ts';
import { explain } from '../../contract/chat/explain.ts';
import { AppError } from '../../contract/errors.ts';
import {
  recordingLineSchema,
  type RecordingLine,
  type RunOfPieces,
  type WrittenLine,
} from '../../contract/views/recording.ts';
import { decodeRecord, encodeRecord } from '../cache/record.ts';
import { decodeVector, encodeVector, type Vector } from '../cache/vector-record.ts';
import { type RecordedQuestion, recordedQuestion, recordingKey } from './recorded-question.ts';
import type { Ability, Recording } from './recordings.ts';

// ---- recordings from questions and answers

/** The recording of a generated answer. */
export function writtenRecording(question: RecordedQuestion, completion: Completion): Recording {
  const { asks } = question;
  const abilities: Ability[] = ['completion'];
  if (completion.thinking !== '' || (asks['think'] !== undefined && asks['think'] !== false))
    abilities.push('thinking');
  if (completion.tool_calls.length > 0 || asks['tools'] !== undefined) abilities.push('tools');
  if (asks['images'] !== undefined || hasPictures(asks['messages'])) abilities.push('vision');
  return recordingOf(question, encodeRecord(completion), abilities);
}

/** The recording of the vector of the one text in its question. */
export function vectorRecording(question: RecordedQuestion, vector: Vector): Recording {
  return recordingOf(question, encodeVector(vector), ['embedding']);
}

function recordingOf(question: RecordedQuestion, answer: Buffer, abilities: readonly Ability[]): Recording {
  const { route, model, namespace, asks } = question;
  return {
    key: recordingKey(question),
    route,
    model,
    namespace,
    question: JSON.stringify(asks),
    answer,
    abilities: abilities.toSorted(),
  };
}

function hasPictures(messages: unknown): boolean {
  return Array.isArray(messages) && messages.some((each: object) => 'images' in each);
}

// ---- to a line

/** The line of a recording, without its line break. Its fields have a fixed order. */
export function lineOf({ route, model, namespace, question, answer }: Recording): string {
  const head = JSON.stringify({ route, model, ...(namespace === '' ? {} : { namespace }) }).slice(0, -1);
  const written = route === 'chat' || route === 'generate';
  const body = written ? writtenRest(decodeRecord(answer)) : vectorRest(decodeVector(answer));
  return `${head},"question":${question},${JSON.stringify(body).slice(1)}`;
}

function vectorRest({ numbers, tokens, duration }: Vector): object {
  return { vector: numbers, tokens, duration };
}

function writtenRest({ content, thinking, tool_calls, extras, cuts, end }: Completion): object {
  const { created_at, done_reason, metrics, extra, joined } = end;
  const { total_duration, load_duration, prompt_eval_count, prompt_eval_duration, eval_count, eval_duration } = metrics;
  return {
    answer: {
      content,
      ...(thinking === '' ? {} : { thinking }),
      ...(tool_calls.length === 0 ? {} : { tool_calls }),
      ...(extras.length === 0 ? {} : { extra: extras }),
    },
    pieces: runsOf(cuts),
    end: {
      created_at,
      done_reason,
      metrics: { total_duration, load_duration, prompt_eval_count, prompt_eval_duration, eval_count, eval_duration },
      ...(extra === undefined ? {} : { extra }),
      ...(joined === undefined ? {} : { joined }),
    },
  };
}

/** Groups consecutive cuts of one kind. A cut that is joined to the one before always has another kind. */
function runsOf(cuts: readonly Cut[]): (readonly [string, ...number[]])[] {
  const runs: [string, ...number[]][] = [];
  let last: Cut[0] | undefined;
  for (const [kind, length, joined] of cuts) {
    const run = runs.at(-1);
    if (run !== undefined && kind === last && joined !== true) run.push(length);
    else runs.push([joined === true ? `+${kind}` : kind, length]);
    last = kind;
  }
  return runs;
}

// ---- from a line

/**
 * The recordings in a file of lines; empty lines are skipped. Throws invalid_request with the line number for the first
 * line that is invalid or repeats an earlier question.
 */
export function recordingsIn(text: string): Recording[] {
  const lineOfKey = new Map<string, number>();
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const number = i + 1;
    const recording = withNumber(number, () => recordingIn(line));
    const before = lineOfKey.get(recording.key);
    if (before !== undefined) {
      throw new AppError('invalid_request', `Line ${number} asks the same as line ${before}. Keep one of them.`);
    }
    lineOfKey.set(recording.key, number);
    return [recording];
  });
}

function withNumber<T>(number: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('invalid_request', `Line ${number}: ${error.message}`, { cause: error });
  }
}

/** Parses a line. Throws invalid_request with a sentence that says what is wrong. */
export function recordingIn(line: string): Recording {
  const read = recordingLineSchema.safeParse(parsed(line));
  if (!read.success) throw new AppError('invalid_request', explain(read.error, parsed(line), 'It'));
  const { data } = read;
  const { route, model, namespace = '', question: request } = data;
  const question = recordedQuestion({ route, model, namespace, request });
  return isWritten(data)
    ? writtenRecording(question, completionOf(data))
    : vectorRecording(question, { numbers: data.vector, tokens: data.tokens, duration: data.duration });
}

function isWritten(line: RecordingLine): line is WrittenLine {
  return line.route === 'chat' || line.route === 'generate';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new AppError('invalid_request', 'It is not JSON. Each line is one JSON object.', { cause: error });
  }
}

function completionOf({ answer, pieces, end }: WrittenLine): Completion {
  const { content, thinking, tool_calls, extra: extras } = answer;
  const lengths = {
    thinking: thinking.length,
    content: content.length,
    tool_calls: tool_calls.length,
    extra: extras.length,
  };
  const cuts = pieces === undefined ? inOnePieceEach(lengths) : pieces.flatMap(cutsOf);
  for (const kind of KINDS) {
    const sum = cuts.reduce((all, [of, length]) => (of === kind ? all + length : all), 0);
    if (sum === lengths[kind]) continue;
    const sentence = `The pieces say that ${kind} has the length ${sum}, and it has ${lengths[kind]}. Leave pieces out where the answer was changed by hand.`;
    throw new AppError('invalid_request', sentence);
  }
  const { extra, joined, ...rest } = end;
  const ended = { ...rest, ...(extra === undefined ? {} : { extra }), ...(joined === undefined ? {} : { joined }) };
  return { content, thinking, tool_calls, extras, cuts, end: ended };
}

const KINDS = ['thinking', 'content', 'tool_calls', 'extra'] as const satisfies readonly Cut[0][];

function inOnePieceEach(lengths: Readonly<Record<Cut[0], number>>): Cut[] {
  return KINDS.flatMap((kind): Cut[] => (lengths[kind] === 0 ? [] : [[kind, lengths[kind]]]));
}

function cutsOf([name, ...lengths]: RunOfPieces): Cut[] {
  const kind = KINDS.find((each) => name.endsWith(each)) ?? 'content';
  return lengths.map((length, i): Cut => (i === 0 && name.startsWith('+') ? [kind, length, true] : [kind, length]));
}
