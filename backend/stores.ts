// Wires up what the gateway stores beyond its life: one face of the database for each kind of data. Created by
// backend.ts alone.
import type { RemovalPlaces, UntoldStore } from './core/disk.ts';
import type { Clock, Log, PutNotice, ReadConfig } from './core/ports.ts';
import type { Recording, Recordings } from './core/recordings/recordings.ts';
import type { RequestLog } from './core/requests/request-log.ts';
import type { TextStore } from './core/requests/text-store.ts';
import type { JobStore } from './core/stories/jobs/stored-jobs.ts';
import type { HistoryStore } from './core/telemetry/kept-history.ts';
import { DiskAnswers } from './storage/shelves/answer-store.ts';
import { DiskConversations } from './storage/shelves/conversation-store.ts';
import type { Database } from './storage/database.ts';
import { DiskRequestLog } from './storage/requests/disk-request-log.ts';
import { DiskTexts } from './storage/requests/disk-texts.ts';
import { DiskRemovalPlaces, SqlUntold } from './storage/fleet-store.ts';
import { historyStore } from './storage/history-store.ts';
import { SqlJobStore } from './storage/jobs/job-store.ts';
import { KeptTime } from './storage/kept-time.ts';
import { keepAll, RECORDINGS, recordingShare, RecordingStore } from './storage/shelves/recording-store.ts';
import { Soon } from './storage/soon.ts';

export interface StoresOptions {
  readonly database: Database;
  /** Folder of hearth.db; undefined: nothing is written. */
  readonly dataFolder: string | undefined;
  /** Recordings used instead of those in the data folder; then nothing is written. */
  readonly recorded?: readonly Recording[] | undefined;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Puts a notice. */
  readonly put: PutNotice;
}

export interface Stores {
  /** The clock by which stored data ages. */
  readonly time: KeptTime;
  readonly jobs: JobStore;
  /** Undefined if nothing is written. */
  readonly answers: DiskAnswers | undefined;
  readonly conversations: DiskConversations | undefined;
  readonly removalPlaces: RemovalPlaces;
  readonly untold: UntoldStore;
  readonly history: HistoryStore;
  readonly requests: RequestLog;
  readonly texts: TextStore;
  readonly recordings: Recordings;
  /** Call after a change of the configuration. */
  reconfigured(): void;
  /** Opens the file, unless it is open. The gateway's start does not wait for it. */
  open(): void;
  /** Call when everything that is stored has ended; the database stays open. */
  close(): void;
}

/** Throws invalid_request if the recordings passed in are too large. */
export function openStores({ database, dataFolder, recorded, config, clock, log, put }: StoresOptions): Stores {
  const folder = config().cache.persist && recorded === undefined ? dataFolder : undefined;
  const jobs = new SqlJobStore(database);
  const deaf = database.onChange(({ trouble }) => {
    put('disk', trouble === undefined ? undefined : { text: trouble });
    if (trouble === undefined) log.info({}, `Hearth keeps everything in ${folder} again.`);
  });
  const time = new KeptTime(database, clock);
  database.use(folder);
  const answers = folder === undefined ? undefined : new DiskAnswers(database, time, config);
  const conversations = folder === undefined ? undefined : new DiskConversations(database, time, config);
  const requests = new DiskRequestLog(database, clock, config, log);
  const texts = new DiskTexts(database, clock, config, folder !== undefined);
  const reconfigured = (): void => {
    answers?.reconfigured();
    conversations?.reconfigured();
    requests.reconfigured();
    texts.reconfigured();
  };
  const maxBytes = (): number => recordingShare(config().cache);
  const soon = new Soon(database, clock, RECORDINGS);
  const recordings = new RecordingStore({ database, soon, maxBytes, now: clock.now });
  if (recorded !== undefined) keepAll(recordings, recorded);
  return {
    time,
    jobs,
    recordings,
    answers,
    conversations,
    removalPlaces: new DiskRemovalPlaces(database),
    untold: new SqlUntold(database),
    history: historyStore(database),
    requests,
    texts,
    reconfigured,
    open() {
      // Reading this property opens the file.
      void database.isDurable;
      // Does what was left undone when the process ended.
      reconfigured();
      requests.open();
      texts.open();
    },
    close() {
      deaf();
      jobs.close();
      soon.stop();
      answers?.close();
      conversations?.close();
      requests.close();
      texts.close();
      time.close();
    },
  };
}
