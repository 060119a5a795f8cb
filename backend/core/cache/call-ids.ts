// The ids of tool calls. Ollama makes one for each call, and a program files the tool's result under it. So a replayed
// answer gets new ids; with the old ones, a second result would be mistaken for the first.
import type { Completion } from '../../contract/chat/chat.ts';
import type { Hit } from './hit.ts';
import type { NewId } from '../ports.ts';
import { decodeKept, encodeRecord, hasCalls } from './record.ts';

type Kept = Pick<Hit, 'kept' | 'record'>;

/** An id as Ollama makes it (server/routes.go): eight lower-case letters and digits. */
export function newCallId(newId: NewId): string {
  return `call_${newId().replaceAll('-', '').slice(0, 8)}`;
}

/**
 * A kept answer for one caller, with new ids for its tool calls, equal in all its forms. Calls without an id get none.
 */
export function withNewCallIds(hit: Kept, newId: NewId): Kept {
  let anew: Completion | undefined;
  const record = (): Completion => {
    const told = hit.record();
    if (told.tool_calls.length === 0) return told;
    anew ??= {
      ...told,
      tool_calls: told.tool_calls.map((call) => (call.id === undefined ? call : { ...call, id: newCallId(newId) })),
    };
    return anew;
  };
  return {
    record,
    kept: () => {
      const kept = hit.kept();
      return hasCalls(kept) ? decodeKept(encodeRecord(record())) : kept;
    },
  };
}
