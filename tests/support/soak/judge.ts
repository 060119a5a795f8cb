// Whether an answer is right: exactly what the model said to this question, or the failure that was scripted for it.
import { isDeepStrictEqual } from 'node:util';
import type { Reading, Route } from './soak-routes.ts';
import { reading } from './soak-routes.ts';
import type { End } from './account.ts';
import { about, failureOf, spoken, type Said, type Spoken } from './model.ts';
import type { Reply } from './send.ts';

/** How it ended, and for the table why; or what is wrong with it. */
export type Verdict = { readonly end: End; readonly why?: string } | { readonly wrong: string };

/** What an answer is judged by. */
export interface Case {
  readonly route: Pick<Route, 'read' | 'handedOn'>;
  readonly said: Said;
  /** The question. */
  readonly text: string;
  /** Something happened to Ollama meanwhile, so that it may have failed for that reason. */
  readonly troubled: boolean;
  /** Somebody cancelled it. */
  readonly cancelled?: boolean;
}

/** What is said of an Ollama that was killed, stopped, started, or turned its callers away. */
const TROUBLED = /Ollama|running the model|the soak has no room/;
const CANCELLED = /was cancelled/;

/** Judges an answer of a model that writes. Throws what cannot be read in its dialect. */
export function judged({ route, said, text, troubled, cancelled = false }: Case, reply: Reply): Verdict {
  const read = reading(route, reply);
  const due = spoken(said);
  const { trouble } = about(text);
  if (!begins(read, due)) return { wrong: `it is not what the model said: ${difference(read, due)}` };
  if (typeof read.end === 'object') {
    const { failure } = read.end;
    if (cancelled && CANCELLED.test(failure)) return { end: 'cancelled' };
    return failed(failure, failureOf(text), troubled, trouble);
  }
  if (read.end === 'cut') return reply.left ? { end: 'left' } : { wrong: 'it broke off' };
  // Ollama's other dialects lose what goes wrong in the middle, and Hearth hands their answers on as they are.
  if (read.end === 'open' && route.handedOn === true && (troubled || failureOf(text) !== undefined))
    return { end: 'open' };
  if (reply.status !== 200) return { wrong: 'an answer with the status of a failure' };
  if (failureOf(text) !== undefined) return { wrong: 'an answer where the model had failed' };
  const unfinished = trouble === 'unfinished';
  if (read.end !== (unfinished ? 'open' : 'whole')) return { wrong: `it ended ${read.end}` };
  const isAll =
    read.thinking === due.thinking && read.content === due.content && read.calls.length === due.calls.length;
  return isAll ? { end: read.end } : { wrong: 'a part of the answer, told as all of it' };
}

/** Judges a failure; `due` is the one that was scripted, undefined where there was none. */
export function failed(said: string, due: RegExp | undefined, troubled: boolean, why?: string): Verdict {
  if (due?.test(said) === true) return { end: 'failed', ...(why !== undefined && { why }) };
  if (troubled && TROUBLED.test(said)) return { end: 'failed', why: 'accident' };
  return { wrong: `it failed ${due === undefined ? 'without a' : 'for another'} reason: ${said}` };
}

function begins(read: Spoken, due: Spoken): boolean {
  return (
    due.thinking.startsWith(read.thinking) &&
    due.content.startsWith(read.content) &&
    read.calls.every((call, i) => isDeepStrictEqual(call, due.calls[i]))
  );
}

/** The first difference between two answers, with the text of each there. */
function difference(read: Reading, due: Spoken): string {
  for (const field of ['thinking', 'content'] as const) {
    const [came, told] = [read[field], due[field]];
    const at = Array.from({ length: came.length }, (_, i) => i).find((i) => came[i] !== told[i]);
    if (at !== undefined) return `${field} at ${at}: ${quoted(came, at)} instead of ${quoted(told, at)}`;
  }
  return `calls: ${JSON.stringify(read.calls)} instead of ${JSON.stringify(due.calls)}`;
}

const quoted = (text: string, at: number): string => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40));
