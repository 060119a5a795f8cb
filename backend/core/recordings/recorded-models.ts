// The models of a recording, as Ollama would list them: clients look which models there are, and what they can do, before they
// ask anything. Of a recording is known what they have done. Pure.
import { hash } from 'node:crypto';
import type { InstalledModel } from '../ports.ts';
import type { RecordedModel } from './recordings.ts';

/** The Ollama whose forms Hearth knows: clients ask for it to know what they may send. */
export const REPLAYED_VERSION = '0.33.0';

/** Since when each is there: the same on every machine and day. */
const SINCE = '2025-01-01T00:00:00Z';

/** Neither size nor digest belongs to any files; equal names have equal ones. */
export function installedOf({ name, abilities }: RecordedModel): InstalledModel {
  return {
    name,
    digest: hash('sha256', name),
    size: 0,
    modified_at: SINCE,
    capabilities: abilities,
    remote: false,
    details: { parent_model: '', format: 'gguf', family: '', families: [], parameter_size: '', quantization_level: '' },
  };
}
