// The models of a recording in the form in which Ollama would list them, since clients look at the models and their
// abilities first. Abilities are those that the recording shows. Pure.
import { hash } from 'node:crypto';
import type { InstalledModel } from '../ports.ts';
import type { RecordedModel } from './recordings.ts';

/** The version of Ollama whose forms Hearth supports; clients read it to know what they may send. */
export const REPLAYED_VERSION = '0.33.0';

/** The modification date of each model: the same on every machine and day. */
const SINCE = '2025-01-01T00:00:00Z';

/** Size and digest do not belong to real files; equal names have equal ones. */
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
