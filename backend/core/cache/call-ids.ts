// The ids of tool calls. Ollama makes one for each call, and a program files the tool's result under it. So an answer that
// is replayed gets new ids: with the old ones the second result would be taken for the first.
import type { Completion } from '../../contract/chat/chat.ts';
import type { Hit } from './hit.ts';
import type { NewId } from '../ports.ts';
import { decodeKept, encodeRecord, hasCalls } from './record.ts';

type Kept = Pick<Hit, 'kept' | 'record'>;

/** As Ollama makes them (server/routes.go): eight small letters and digits. */
export function newCallId(newId: NewId): string {
  return `call_${newId().replaceAll('-', '').slice(0, 8)}`;
}

/** A kept answer for one caller: its tool calls have new ids, the same in all its forms. Calls without one stay without. */
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
