// Record and replay. `record` keeps each answer with its question; `replay` answers only from the recording, without
// Ollama. In `live`, the usual mode, nothing in this file is used.
import { NO_METRICS, type Completion } from '../../../contract/chat/chat.ts';
import type { Config } from '../../../contract/config/config.ts';
import { AppError } from '../../../contract/errors.ts';
import type { Mode } from '../../../contract/rules/mode.ts';
import { sentence } from '../../../contract/sentence.ts';
import { decodeKept, decodeRecord, encodeRecord } from '../../cache/record.ts';
import { decodeVector, type Vector } from '../../cache/vector-record.ts';
import { LOCAL, nameOfSpace } from '../../ownership.ts';
import { differencesFromNearest } from '../../recordings/nearest-question.ts';
import { type RecordedQuestion, recordedQuestion, recordingKey } from '../../recordings/recorded-question.ts';
import { vectorRecording, writtenRecording } from '../../recordings/recording-line.ts';
import type { Recording, Recordings } from '../../recordings/recordings.ts';
import type { Log, PutNotice, ReadConfig, Watch } from '../../ports.ts';
import type { ChatCall, ToKeep } from '../../requests/call.ts';
import type { EmbedCall } from '../embeds/embedder.ts';
import type { ToldHit } from './kept-answers.ts';

export interface RecorderParts {
  readonly recordings: Recordings;
  readonly config: ReadConfig;
  readonly watch: Pick<Watch, 'invalidate'>;
  readonly log: Log;
  readonly put: PutNotice;
}

/** The mode of a request: its own, or the one in the settings. */
export function modeOf({ mode }: { readonly mode?: Mode | undefined }, { cache }: Config): Mode {
  return mode ?? cache.mode;
}

/** A recorded answer, in the form in which a kept answer is replayed. */
export interface Replayed {
  readonly outcome: ToKeep;
  readonly hit: ToldHit;
}

/**
 * How many bytes of recorded questions are compared to find the nearest; a longer recording compares questions of
 * similar length.
 */
const MOST_COMPARED = 256 * 1024;

const MB = 1024 * 1024;

export class Recorder {
  readonly #parts: RecorderParts;
  #isFull = false;
  #mode: Mode = 'live';

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Called at the start and after a change of the configuration. Logs how questions are answered from now on. */
  reconfigured(): void {
    const { config, log, watch, recordings } = this.#parts;
    const { mode } = config().cache;
    this.#tell();
    if (mode === this.#mode) return;
    this.#mode = mode;
    // The models of a recording differ from those of Ollama.
    watch.invalidate();
    if (mode === 'live') return log.info({ mode }, 'Questions are answered live');
    const what =
      mode === 'record' ? 'Answers are recorded' : 'Answers come from the recording alone: Ollama is not asked';
    log.info({ mode, answers: recordings.size.entries }, what);
  }

  // ---- record

  /** Keeps a complete or length-limited answer, and replaces an earlier one to the same question. */
  keep(call: ChatCall, completion: Completion): void {
    const { done_reason: reason } = completion.end;
    if (reason === 'stop' || reason === 'length') this.#put([writtenRecording(questionOf(call), completion)]);
  }

  /** Keeps a vector for each text of a request. */
  keepVectors(call: EmbedCall, vectors: readonly Vector[]): void {
    const usable = vectors.flatMap((vector, i) =>
      vector.numbers.length === 0 ? [] : [vectorRecording(questionOfText(call, call.texts[i] ?? ''), vector)],
    );
    this.#put(usable);
  }

  #put(recordings: readonly Recording[]): void {
    // The end of an answer does not wait for the disk.
    this.#parts.recordings.keep(recordings, (fits) => {
      this.#isFull = !fits;
      this.#tell();
    });
  }

  /** Shows a notice while the last answer could not be recorded. */
  #tell(): void {
    const { put, config, recordings } = this.#parts;
    const isFull = this.#isFull && config().cache.mode === 'record';
    put('recording', isFull ? { text: fullSentence(recordings) } : undefined);
  }

  // ---- replay

  /** The recorded answer to a question. Throws not_cached, which says how the nearest recorded question differs. */
  answer(call: ChatCall): Replayed {
    if (asksNothing(call)) return replayed(NO_KEY, call.request.model, encodeRecord(LOADED));
    const question = questionOf(call);
    const { key, answer } = this.#find(question, call.owner);
    return replayed(key, question.model, answer);
  }

  /** The recorded vectors of all texts of a request. Throws not_cached as `answer` does. */
  vectors(call: EmbedCall): readonly Vector[] {
    return call.texts.map((text) => decodeVector(this.#find(questionOfText(call, text), call.owner).answer));
  }

  #find(question: RecordedQuestion, owner: string): Recording {
    const { recordings } = this.#parts;
    const found = recordings.get(recordingKey(question));
    if (found !== undefined) return found;
    if (recordings.size.entries === 0) {
      throw new AppError('not_cached', 'Hearth replays a recording, and there is none. Record one, or import a file.');
    }
    // The difference reveals the other question, so only callers on this machine see it.
    const nearest =
      owner === LOCAL
        ? differencesFromNearest(question, recordings.questionsNear(question.route, lengthOf(question), MOST_COMPARED))
        : undefined;
    throw new AppError(
      'not_cached',
      nearest === undefined
        ? `No answer to this question is recorded for /api/${question.route}.`
        : sentence`No answer to this question is recorded. Compared with the nearest one: ${nearest}.`,
    );
  }
}

function lengthOf({ asks }: RecordedQuestion): number {
  return Buffer.byteLength(JSON.stringify(asks));
}

function fullSentence({ size }: Pick<Recordings, 'size'>): string {
  const most = Math.round((size.max_bytes / MB) * 10) / 10;
  return `The recording is full: it may take ${most} MB, a quarter of cache.disk_max_size_mb. New answers are delivered, but not recorded.`;
}

function questionOf({ family, request, namespace }: ChatCall): RecordedQuestion {
  return recordedQuestion({ route: family, model: request.model, namespace: nameOfSpace(namespace), request });
}

function questionOfText({ family, request, namespace }: EmbedCall, text: string): RecordedQuestion {
  const asked = { ...request, [family === 'embed' ? 'input' : 'prompt']: text };
  return recordedQuestion({ route: family, model: request.model, namespace: nameOfSpace(namespace), request: asked });
}

/** Whether the request only loads a model, as Ollama's clients do before they ask. */
function asksNothing({ family, request: { messages, prompt } }: ChatCall): boolean {
  return family === 'chat' ? !Array.isArray(messages) || messages.length === 0 : (prompt ?? '') === '';
}

const LOADED: Completion = {
  content: '',
  thinking: '',
  tool_calls: [],
  extras: [],
  cuts: [],
  end: { created_at: '1970-01-01T00:00:00Z', done_reason: 'load', metrics: NO_METRICS },
};

const NO_KEY = undefined;

function replayed(key: string | undefined, model: string, answer: Buffer): Replayed {
  return {
    outcome: { plan: REPLAYING, key, hit: undefined, landed: { stored: false }, keepAs: () => undefined },
    hit: { model, runMs: 0, tokens: 0, kept: () => decodeKept(answer), record: () => decodeRecord(answer) },
  };
}

/** The plan in replay mode. The caller's cache wishes do not count, since there is only the recording. */
export const REPLAYING: ToKeep['plan'] = {
  read: true,
  store: false,
  share: false,
  onlyIfCached: true,
  maxAge: undefined,
  ttl: 0,
  bypass: undefined,
};
