// The conversation cache: what was said so far, under an id that a caller chose, so that only new messages need be sent.
// Bounded in bytes, least recently used out first, forgotten after an idle time. One request at a time speaks in a
// conversation: the next begins when the one before has ended. It asks no model and decides nothing about answers.
import { LRUCache } from 'lru-cache';
import type { ConversationView } from '../contract/control.ts';
import { AppError } from '../contract/errors.ts';
import type { Removed } from './cache.ts';
import type { Now, ReadConfig } from './ports.ts';
import { queueFull } from './refusals.ts';

const MB = 1024 * 1024;
/** What a conversation, and each of its messages, costs beside its text. */
const BOOKKEEPING_BYTES = 700;
const MESSAGE_BYTES = 200;

/** A message in the form in which it goes upstream. */
export type Said = Readonly<Record<string, unknown>>;

interface Talk {
  readonly messages: readonly Said[];
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly saidAt: number;
  /** When somebody last began or ended to speak in it; the order of these is that of the cache. */
  readonly usedAt: number;
}

/** The right to speak in a conversation. Release it in any case; twice is harmless. */
export interface Turn {
  readonly id: string;
  /** What was said before; empty in a new conversation. */
  readonly history: readonly Said[];
  /** Whether the conversation was known. */
  readonly resumed: boolean;
  /**
   * Makes this what was said. Returns how many messages are kept: 0 when they are too many for the whole cache, or when
   * the conversation was deleted or cleared meanwhile.
   */
  keep(messages: readonly Said[]): number;
  release(): void;
}

/** A turn that has begun and not ended. */
interface OpenTurn {
  readonly key: string;
  /** Its conversation was deleted since. */
  forgotten: boolean;
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
  readonly #now: Now;
  #talks: LRUCache<string, Talk>;
  /** The end of the last turn of each conversation that somebody speaks in or waits for. */
  readonly #speaking = new Map<string, Promise<void>>();
  /** The conversations that somebody speaks in now: what is deleted meanwhile must not come back with the answer. */
  readonly #open = new Set<OpenTurn>();
  /** How many wait for their turn. */
  #waiting = 0;
  #asked = 0;
  #resumed = 0;

  constructor(config: ReadConfig, now: Now) {
    this.#config = config;
    this.#now = now;
    this.#talks = this.#build();
  }

  #build(): LRUCache<string, Talk> {
    // lru-cache takes whole numbers only.
    return new LRUCache({ maxSize: this.#maxBytes, sizeCalculation: ({ bytes }, key) => costOf(key, bytes) });
  }

  get #maxBytes(): number {
    return Math.floor(this.#config().conversation_cache.max_size_mb * MB);
  }

  /** Whether somebody speaks in it now, so that `enter` would wait. */
  busy(namespace: string, id: string): boolean {
    return this.#speaking.has(keyOf(namespace, id));
  }

  /** Throws queue_full when as many wait for a turn, in whichever conversation, as may stand in line. */
  checkRoom(): void {
    const { max_queue_size: max, estimated_time_per_request_ms: expectedMs } = this.#config().queue;
    if (this.#waiting >= max) throw queueFull(max, expectedMs);
  }

  /** Waits for its turn, first come first served. Rejects with the signal's reason, and as `checkRoom` throws. */
  async enter(namespace: string, id: string, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    const key = keyOf(namespace, id);
    const before = this.#speaking.get(key);
    if (before !== undefined) this.checkRoom();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    // Who gives up while it waits must not let the next one in before its turn.
    const mine = before === undefined ? ended : before.then(() => ended);
    this.#speaking.set(key, mine);
    const over = (): void => {
      if (this.#speaking.get(key) === mine) this.#speaking.delete(key);
    };
    const open: OpenTurn = { key, forgotten: false };
    const release = (): void => {
      this.#open.delete(open);
      end();
      over();
    };
    try {
      if (before !== undefined) await this.#wait(before, signal);
    } catch (error) {
      end();
      // Somebody else speaks still, and who comes now must wait for him.
      void mine.then(over);
      throw error;
    }
    const talk = this.#find(key);
    this.#open.add(open);
    this.#asked++;
    if (talk !== undefined) this.#resumed++;
    return {
      id,
      history: talk?.messages ?? [],
      resumed: talk !== undefined,
      keep: (messages) => (open.forgotten ? 0 : this.#keep(key, messages)),
      release,
    };
  }

  async #wait(before: Promise<void>, signal: AbortSignal): Promise<void> {
    this.#waiting++;
    try {
      await orAborted(before, signal);
    } finally {
      this.#waiting--;
    }
  }

  #find(key: string): Talk | undefined {
    this.#forgetIdle();
    const talk = this.#talks.peek(key);
    if (talk !== undefined) this.#talks.set(key, { ...talk, usedAt: this.#now() });
    return talk;
  }

  /** The least recently used come first, and they are the idle ones. */
  #forgetIdle(): void {
    const since = this.#now() - this.#config().conversation_cache.ttl_seconds * 1000;
    const idle: string[] = [];
    for (const key of this.#talks.rkeys()) {
      if ((this.#talks.peek(key)?.usedAt ?? 0) > since) break;
      idle.push(key);
    }
    for (const key of idle) this.#talks.delete(key);
  }

  #keep(key: string, messages: readonly Said[]): number {
    const bytes = messages.reduce((sum, message) => sum + MESSAGE_BYTES + JSON.stringify(message).length * 2, 0);
    if (costOf(key, bytes) > this.#talks.maxSize) {
      this.#talks.delete(key);
      return 0;
    }
    const now = this.#now();
    this.#talks.set(key, { messages, bytes, saidAt: now, usedAt: now });
    return messages.length;
  }

  /** What was said in it. Looking does not keep it alive. Throws not_found. */
  view(namespace: string, id: string): ConversationView {
    this.#forgetIdle();
    const talk = this.#talks.peek(keyOf(namespace, id));
    if (talk === undefined) throw unknownTalk(id);
    const idleSeconds = Math.floor((this.#now() - talk.usedAt) / 1000);
    return {
      id,
      messages: talk.messages.map((message) => ({ ...message })),
      updated_at: new Date(talk.saidAt).toISOString(),
      expires_in_s: Math.max(0, this.#config().conversation_cache.ttl_seconds - idleSeconds),
    };
  }

  /** Also one whose first answer is still under way. Throws not_found. */
  delete(namespace: string, id: string): void {
    this.#forgetIdle();
    const key = keyOf(namespace, id);
    const open = this.#forgetOpen((each) => each === key);
    if (!this.#talks.delete(key) && !open) throw unknownTalk(id);
  }

  /** Whether there were any. */
  #forgetOpen(which: (key: string) => boolean): boolean {
    let found = false;
    for (const open of this.#open) {
      if (open.forgotten || !which(open.key)) continue;
      open.forgotten = true;
      found = true;
    }
    return found;
  }

  clear(): Removed {
    this.#forgetOpen(() => true);
    const removed = { removed: this.#talks.size, freed_bytes: this.#talks.calculatedSize };
    this.#talks.clear();
    return removed;
  }

  /** After a change of conversation_cache.max_size_mb: the most recently used ones that fit stay. */
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

  get figures(): ConversationFigures {
    this.#forgetIdle();
    const { size, calculatedSize, maxSize } = this.#talks;
    return { entries: size, bytes: calculatedSize, max_bytes: maxSize, asked: this.#asked, resumed: this.#resumed };
  }
}

/** A namespace has no line end in it: it is an origin, a name, or what a caller calls its own. */
function keyOf(namespace: string, id: string): string {
  return `${namespace}\n${id}`;
}

function costOf(key: string, bytes: number): number {
  return bytes + key.length * 2 + BOOKKEEPING_BYTES;
}

function unknownTalk(id: string): AppError {
  return new AppError(
    'not_found',
    `There is no conversation "${id}". It may have been idle too long, or been cleared.`,
  );
}

async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop));
}
