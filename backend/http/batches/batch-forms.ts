// Files and batches in OpenAI's form. Pure.
import type { Batch, BatchState, KeptFile } from '../../core/offline/offline-store.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Seconds since 1970. */
function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export function fileObject({ id, name, purpose, bytes, createdAt, expiresAt }: KeptFile): Fields {
  return {
    id,
    object: 'file',
    bytes,
    created_at: seconds(createdAt),
    expires_at: seconds(expiresAt),
    filename: name,
    purpose,
    status: 'processed',
    status_details: null,
  };
}

export function batchObject(batch: Batch): Fields {
  const { id, endpoint, faults, inputFile, window, state, since, metadata, total, completed, failed } = batch;
  const at = (of: BatchState): number | null => {
    const ms = since[of];
    return ms === undefined ? null : seconds(ms);
  };
  const ended = ENDED.has(state);
  return {
    id,
    object: 'batch',
    endpoint,
    errors: faults.length === 0 ? null : { object: 'list', data: faults },
    input_file_id: inputFile,
    completion_window: window,
    status: state,
    output_file_id: ended && completed > 0 ? batch.outputFile : null,
    error_file_id: ended && failed > 0 ? batch.errorFile : null,
    created_at: seconds(batch.createdAt),
    in_progress_at: at('in_progress'),
    expires_at: seconds(batch.expiresAt),
    finalizing_at: at('finalizing'),
    completed_at: at('completed'),
    failed_at: at('failed'),
    expired_at: at('expired'),
    cancelling_at: at('cancelling'),
    cancelled_at: at('cancelled'),
    request_counts: { total, completed, failed },
    metadata,
  };
}

const ENDED: ReadonlySet<BatchState> = new Set(['failed', 'completed', 'expired', 'cancelled']);

/** One page of a list. `found` has one entry more than `limit` if more pages follow. */
export function listObject(found: readonly Fields[], limit: number): Fields {
  const data = found.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: found.length > limit,
  };
}
