// Wires up files and batches in OpenAI's form: where they are stored, and what answers a line. Created by backend.ts
// alone.
import { KeptFiles } from './core/offline/kept-files.ts';
import type { KeptTime } from './core/ports.ts';
import { OfflineBatches } from './core/stories/jobs/offline-batches.ts';
import { createAskLine, type LineAnswerParts } from './http/line-answers.ts';
import { SqlBatchStore } from './storage/jobs/batch-store.ts';
import type { Database } from './storage/database.ts';
import { SqlFileStore } from './storage/jobs/file-store.ts';

export interface BatchWorkParts extends LineAnswerParts {
  readonly database: Database;
  readonly time: KeptTime;
}

export interface BatchWork {
  readonly files: KeptFiles;
  readonly offline: OfflineBatches;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

export function openBatches(parts: BatchWorkParts): BatchWork {
  const { database } = parts;
  const fileStore = new SqlFileStore(database);
  const place = { isDurable: () => database.isDurable, isAway: () => database.isAway };
  const files = new KeptFiles({ ...parts, ...place, store: fileStore });
  const ask = createAskLine(parts);
  const offline = new OfflineBatches({ ...parts, files, fileStore, batches: new SqlBatchStore(database), ask });
  const deaf = database.onChange(() => void offline.moved());
  return {
    files,
    offline,
    async stop() {
      deaf();
      await offline.stop();
    },
  };
}
