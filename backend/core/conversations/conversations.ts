// The conversation cache: earlier messages under an id that a caller chose, so that only new messages need to be sent.
// Limited in bytes, evicted least recently used first, and deleted after an idle time; also on disk if there is one.
// One request at a time speaks in a conversation (turns.ts). It asks no model, and decides nothing about answers.
import { LRUCache } from 'lru-cache';
import type { Removed } from '../../contract/views/control.ts';
import type { ConversationView } from '../../contract/views/control.ts';
import { AppError } from '../../contract/errors.ts';
import { jsonText } from '../../contract/go/exact-json.ts';
import type { Clock, ReadConfig } from '../ports.ts';
import { LOCAL, ownerOfSpace, sees } from '../ownership.ts';
import type { ConversationStore, StoreFigures } from '../disk.ts';
import { saidFrom, saidText, type Said } from './said-text.ts';
import { Turns } from './turns.ts';

const MB = 1024 * 1024;
/** The bytes that a conversation, and each of its messages, costs besides its text. */
const BOOKKEEPING_BYTES = 700;
const MESSAGE_BYTES = 200;

interface Talk {
  readonly messages: readonly Said[];
  readonly bytes: number;
  /** Milliseconds since 1970, for display. */
  readonly saidAt: number;
  /** When a request last began or ended in it, on the monotonic clock; the cache is in order of these times. */
  readonly usedAt: number;
}

/** A conversation, while one request speaks in it. Always release it; releasing twice is harmless. */
export interface Turn {
  readonly id: string;
  /** The earlier messages; empty in a new conversation. */
  readonly history: readonly Said[];
  /** Whether the conversation was known. */
  readonly resumed: boolean;
  /**
   * Replaces the messages. Returns how many are kept: 0 when they exceed the whole cache, or when the conversation was
   * deleted or cleared meanwhile.
   */
  keep(messages: readonly Said[]): number;
  release(): void;
}

export interface ConversationFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly asked: number;
  readonly resumed: number;
}

export class Conversations {
  readonly #config: ReadConfig;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #turns: Turns;
  #talks: LRUCache<string, Talk>;
  #disk: ConversationStore | undefined;
  #asked = 0;
  #resumed = 0;

  /** `nextPlace`: milliseconds that a refused caller should wait before it retries. */
  constructor(config: ReadConfig, clock: Pick<Clock, 'now' | 'elapsed'>, nextPlace: () => number = () => 0) {
    this.#config = config;
    // Requests that wait here are not in the queue, so the queue's limit applies here too.
    this.#turns = new Turns(() => config().queue.max_queue_size, nextPlace);
    this.#clock = clock;
    this.#talks = this.#build();
  }

  /** Stores everything on this disk too from now on, and finds what it has. */
  over(disk: ConversationStore | undefined): void {
    this.#disk = disk;
  }

  #build(): LRUCache<string, Talk> {
    // lru-cache accepts only whole numbers.
    return new LRUCache({ maxSize: this.#maxBytes, sizeCalculation: ({ bytes }, key) => costOf(key, bytes) });
  }

  get #maxBytes(): number {
    return Math.floor(this.#config().conversation_cache.max_size_mb * MB);
  }

  /** Whether a request speaks in it now, so that `enter` would wait. */
  busy(namespace: string, id: string): boolean {
    return this.#turns.busy(talkKey(namespace, id));
  }

  /** Throws queue_full when no more may wait for a turn. */
  admit(): void {
    this.#turns.admit();
  }

  /**
   * Waits for its turn, first come first served. Calls `moved` with the number of requests ahead, at once and at each
   * change. Rejects with the signal's reason, and with queue_full.
   */
  async enter(
    namespace: string,
    id: string,
    signal: AbortSignal,
    moved: (ahead: number) => void = () => undefined,
  ): Promise<Turn> {
    const key = talkKey(namespace, id);
    const turn = await this.#turns.take(key, signal, moved);
    const talk = this.#find(key);
    this.#asked++;
    if (talk !== undefined) this.#resumed++;
    return {
      id,
      history: talk?.messages ?? [],
      resumed: talk !== undefined,
      keep: (messages) => (turn.forgotten ? 0 : this.#keep(key, messages)),
      release: () => turn.leave(),
    };
  }

  #find(key: string): Talk | undefined {
    const talk = this.#peek(key);
    if (talk !== undefined) this.#talks.set(key, { ...talk, usedAt: this.#clock.elapsed() });
    return talk;
  }

  /** From memory, or from disk; it returns to memory at its next use. */
  #peek(key: string): Talk | undefined {
    this.#forgetIdle();
    return this.#talks.peek(key) ?? this.#fromDisk(key);
  }

  #fromDisk(key: string): Talk | undefined {
    const stored = this.#disk?.find(key);
    if (stored === undefined || stored.ageMs >= this.#ttlMs) return undefined;
    const messages = saidFrom(stored.text);
    const { now, elapsed } = this.#clock;
    const { ageMs } = stored;
    return { messages, bytes: bytesOf(messages), saidAt: now() - ageMs, usedAt: elapsed() - ageMs };
  }

  get #ttlMs(): number {
    return this.#config().conversation_cache.ttl_seconds * 1000;
  }

  /** The least recently used entries come first, and they are the idle ones. */
  #forgetIdle(): void {
    const since = this.#clock.elapsed() - this.#ttlMs;
    const idle: string[] = [];
    for (const key of this.#talks.rkeys()) {
      if ((this.#talks.peek(key)?.usedAt ?? 0) > since) break;
      idle.push(key);
    }
    for (const key of idle) this.#talks.delete(key);
  }

  #keep(key: string, messages: readonly Said[]): number {
    const bytes = bytesOf(messages);
    if (costOf(key, bytes) > this.#talks.maxSize) {
      this.#talks.delete(key);
      this.#disk?.delete(key);
      return 0;
    }
    this.#disk?.keep(key, saidText(messages), this.#ttlMs);
    const { now, elapsed } = this.#clock;
    this.#talks.set(key, { messages, bytes, saidAt: now(), usedAt: elapsed() });
    return messages.length;
  }

  /** The messages of a conversation. Does not count as a use. Throws not_found. */
  view(namespace: string, id: string): ConversationView {
    const talk = this.#peek(talkKey(namespace, id));
    if (talk === undefined) throw unknownTalk(id);
    const idleSeconds = Math.floor((this.#clock.elapsed() - talk.usedAt) / 1000);
    return {
      id,
      messages: talk.messages.map((message) => ({ ...message })),
      updated_at: new Date(talk.saidAt).toISOString(),
      expires_in_s: Math.max(0, this.#config().conversation_cache.ttl_seconds - idleSeconds),
    };
  }

  /** Deletes a conversation, even while its first answer is still running. Throws not_found. */
  delete(namespace: string, id: string): void {
    this.#forgetIdle();
    const key = talkKey(namespace, id);
    const spoken = this.#turns.forget(key);
    const wasInMemory = this.#talks.delete(key);
    const removed = this.#disk?.delete(key).removed ?? 0;
    if (!wasInMemory && removed === 0 && !spoken) throw unknownTalk(id);
  }

  /** Deletes what a watcher may see, including conversations whose first answer is still running. */
  clear(watcher: string = LOCAL): Removed {
    const isMeant = (key: string): boolean => sees(watcher, ownerOfSpace(spaceOfKey(key)));
    this.#turns.forgetWhere(isMeant);
    const before = this.#talks.calculatedSize;
    const doomed = [...this.#talks.keys()].filter(isMeant);
    for (const key of doomed) this.#talks.delete(key);
    const onDisk = this.#disk?.clear(watcher) ?? { removed: 0, freed_bytes: 0 };
    // Entries in memory are on disk too.
    return {
      removed: Math.max(doomed.length, onDisk.removed),
      freed_bytes: before - this.#talks.calculatedSize + onDisk.freed_bytes,
    };
  }

  /** Call after a change of conversation_cache.max_size_mb. The most recently used conversations that fit stay. */
  reconfigured(): void {
    if (this.#talks.maxSize === this.#maxBytes) return;
    const old = this.#talks;
    this.#talks = this.#build();
    for (const [key, talk] of [...old.entries()].toReversed()) this.#talks.set(key, talk);
  }

  resetCounts(): void {
    this.#asked = 0;
    this.#resumed = 0;
  }

  /** The size on disk; undefined when nothing is kept there. */
  get onDisk(): StoreFigures | undefined {
    return this.#disk?.figures;
  }

  get figures(): ConversationFigures {
    this.#forgetIdle();
    const { size, calculatedSize, maxSize } = this.#talks;
    return { entries: size, bytes: calculatedSize, max_bytes: maxSize, asked: this.#asked, resumed: this.#resumed };
  }
}

/** A space is a single line. */
function talkKey(space: string, id: string): string {
  return `${space}\n${id}`;
}

function spaceOfKey(key: string): string {
  return key.slice(0, key.indexOf('\n'));
}

function bytesOf(messages: readonly Said[]): number {
  return messages.reduce((sum, message) => sum + MESSAGE_BYTES + jsonText(message).length * 2, 0);
}

function costOf(key: string, bytes: number): number {
  return bytes + key.length * 2 + BOOKKEEPING_BYTES;
}

function unknownTalk(id: string): AppError {
  return new AppError(
    'not_found',
    `There is no conversation "${id}". It may have been idle too long, been cleared, or be in a cache.namespace (?namespace=…).`,
  );
}
