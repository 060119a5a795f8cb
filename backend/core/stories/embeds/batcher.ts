// Micro-batches of embeds: texts for one model that wait for the same slot are sent in one call, and each caller gets
// its own vectors. A group never waits to fill: it stays open only while it has no slot. A text that was already sent
// is not sent twice. Knows neither cache nor HTTP.
import { levelOf } from '../../../contract/chat/chat-request.ts';
import { AppError, asAppError } from '../../../contract/errors.ts';
import { RUNNING, withLoad } from '../../../contract/chat/chat.ts';
import {
  askerOf,
  flightsOf,
  tell,
  urgencyOf,
  type Embedded,
  type EmbedWish,
  type Group,
  type Member,
  type Result,
} from './embed-group.ts';
import { onAbort } from '../../abort.ts';
import { canonicalJson } from '../../canonical-json.ts';
import { retryInLine } from '../chat/retry-in-line.ts';
import type { Asker } from '../../../contract/behind.ts';
import type { Clock, Meter, ReadConfig, Upstream, UpstreamEmbed, Watch } from '../../ports.ts';
import type { HeldPrompts } from '../../prompts/held.ts';
import type { Place } from '../../queue/waiter.ts';
import { madeReady, type ReadyParts } from '../chat/made-ready.ts';
import type { Load } from '../../requests/trace.ts';
import { shares } from './shares.ts';
import { keepAliveOf, withKeepAlive } from '../chat/shape.ts';
import { loading } from '../standing.ts';
import type { Vector } from '../../cache/vector-record.ts';

/** Texts in one upstream call. Ollama runs them one after the other, so a longer list only delays its first caller. */
const MOST_TEXTS = 128;

/** Calls of one request that may be queued at once. More might not fit the queue, and be refused at every retry. */
const MOST_CALLS = 8;

const NO_LOAD: Load = { ms: 0 };

export interface BatcherParts extends ReadyParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly upstream: Upstream;
  readonly watch: Watch;
  readonly held: Pick<HeldPrompts, 'forget'>;
  readonly meter?: Pick<Meter, 'ran'> | undefined;
}

/** The load that was needed, and the keep_alive to send with the texts. */
interface Ready {
  readonly load: Load;
  readonly keepAlive: number | undefined;
}

/** A running upstream call: who asked for it, and until when. */
interface EmbedRun {
  readonly wish: EmbedWish;
  /** For whom the call is sent. */
  readonly asker: Asker;
  readonly ready: Ready;
  readonly signal: AbortSignal;
}

export class Batcher {
  readonly #parts: BatcherParts;
  readonly #groups = new Set<Group>();

  constructor(parts: BatcherParts) {
    this.#parts = parts;
  }

  /**
   * Vectors for texts, each computed once. Rejects with what the queue or Ollama throws, or the signal's reason. A call
   * is aborted when its last waiter has left.
   */
  async embed(wish: EmbedWish, signal: AbortSignal): Promise<Embedded> {
    signal.throwIfAborted();
    const key = `${wish.family} ${wish.keepAlive ?? ''} ${wish.spec.key} ${canonicalJson(wish.request)}`;
    const mine = new AbortController();
    const off = onAbort(signal, (reason) => mine.abort(reason));
    try {
      const texts = [...new Set(wish.texts)];
      const atOnce = MOST_TEXTS * Math.min(MOST_CALLS, this.#parts.config().queue.max_queue_size);
      const results: Result[] = [];
      let shared = true;
      for (let from = 0; from < texts.length; from += atOnce) {
        const parts = this.#assign(key, wish, texts.slice(from, from + atOnce));
        const joined = Promise.all(
          parts.map((part) => this.#join(part.group, { texts: part.texts, wish }, mine.signal)),
        );
        // If the queue lacks room for all of them, #enter throws, and that error is what the caller gets.
        joined.catch(() => undefined);
        for (const { group } of parts) if (!group.inLine) this.#enter(group, wish);
        wish.onAccepted();
        results.push(...(await joined));
        shared &&= parts.every(({ known }) => known);
      }
      return {
        vectors: new Map(results.flatMap(({ vectors }) => [...vectors])),
        loadDuration: Math.max(0, ...results.map(({ loadDuration }) => loadDuration)),
        load: results
          .map(({ load }) => load)
          .reduce((longest, load) => (load.ms > longest.ms ? load : longest), NO_LOAD),
        shared,
      };
    } catch (error) {
      // One call failed, so this caller no longer needs the others.
      mine.abort(error);
      throw error;
    } finally {
      off();
    }
  }

  /** Assigns texts to groups. New groups are not queued yet. */
  #assign(
    key: string,
    wish: EmbedWish,
    wanted: readonly string[],
  ): { readonly group: Group; readonly texts: string[]; readonly known: boolean }[] {
    const most = wish.family === 'embed' ? MOST_TEXTS : 1;
    const parts = new Map<Group, { texts: string[]; known: boolean }>();
    for (const text of wanted) {
      const ours = [...this.#groups].filter((group) => group.key === key);
      const known = wish.share ? ours.find(({ texts }) => texts.has(text)) : undefined;
      const group = known ?? ours.find(({ open, texts }) => open && texts.size < most) ?? this.#begin(key);
      group.texts.add(text);
      const part = parts.get(group) ?? { texts: [], known: true };
      part.texts.push(text);
      part.known &&= known !== undefined && !parts.has(group);
      parts.set(group, part);
    }
    return [...parts].map(([group, part]) => ({ group, ...part }));
  }

  #join(group: Group, wanted: Pick<Member, 'texts' | 'wish'>, signal: AbortSignal): Promise<Result> {
    const { wish } = wanted;
    let off = (): void => undefined;
    return new Promise<Result>((resolve, reject) => {
      const member: Member = { ...wanted, resolve, reject };
      const lifts = group.inLine && group.open && levelOf(wish.urgency()) < levelOf(urgencyOf(group));
      group.members.add(member);
      if (group.told !== undefined) wish.onWaiting(group.told);
      if (lifts) this.#parts.queue.recheck();
      off = onAbort(signal, (reason) => {
        reject(reason);
        group.members.delete(member);
        if (group.members.size === 0) this.#end(group, reason);
      });
    }).finally(() => off());
  }

  /** Aborts a group that nobody waits for. It leaves the table at once, so that no newcomer joins an aborted call. */
  #end(group: Group, reason: unknown): void {
    this.#groups.delete(group);
    group.abort.abort(reason);
  }

  #begin(key: string): Group {
    const abort = new AbortController();
    const group: Group = {
      key,
      texts: new Set(),
      members: new Set(),
      abort,
      inLine: false,
      open: true,
      told: undefined,
    };
    this.#groups.add(group);
    return group;
  }

  /** Enters the queue. All members are told of its position. Throws what the queue throws. */
  #enter(group: Group, wish: EmbedWish): void {
    const { queue, estimator } = this.#parts;
    const { spec, caller } = wish;
    const place = queue.enter(
      {
        lane: 'embed',
        runner: spec.key,
        model: spec.model,
        caller,
        stoodMs: wish.stoodMs,
        asks: () => ({ ...wish.asks, flights: flightsOf(group) }),
        urgency: () => urgencyOf(group),
        serves: (flight) => flightsOf(group).includes(flight),
        expectedMs: () => estimator.embedMs(spec.model) * group.texts.size,
        // Members that got their vectors have left the group, so the rest may be retried.
        mayBeginAgain: () => true,
        onWaiting: (waiting) => tell(group, waiting),
      },
      group.abort.signal,
    );
    group.inLine = true;
    void this.#run(group, wish, place);
  }

  async #run(group: Group, wish: EmbedWish, place: Place): Promise<void> {
    try {
      const mayLeave = (): boolean => [...group.members].some((member) => member.wish.mayLeave?.() === true);
      await retryInLine(place, { signal: group.abort.signal, mayLeave }, async (lease) => {
        group.open = false;
        const ready = await this.#ready(group, wish, lease.signal);
        lease.began();
        lease.signal.throwIfAborted();
        tell(group, RUNNING);
        await this.#send(group, { wish, asker: askerOf(group, wish), ready, signal: lease.signal });
      });
    } catch (error) {
      for (const member of group.members) member.reject(error);
    } finally {
      this.#groups.delete(group);
    }
  }

  async #ready(
    group: Group,
    { spec, request, caller, asks, keepAlive: rule }: EmbedWish,
    signal: AbortSignal,
  ): Promise<Ready> {
    const { residency } = this.#parts;
    if (!residency.isReady(spec)) tell(group, loading(this.#parts, spec.model));
    const asked = keepAliveOf(request);
    const who = { caller, owner: asks.owner };
    const load = await madeReady(this.#parts, spec, { who, keepAlive: asked }, signal);
    if (rule === 'pass') return { load, keepAlive: asked };
    return { load, keepAlive: await residency.keepAlive(spec, asked, signal) };
  }

  /** Sends all texts in one call. If one of them makes it fail, each caller's texts are sent alone. */
  async #send(group: Group, run: EmbedRun): Promise<void> {
    const { signal } = run;
    // Drop texts whose callers have all left.
    const wanted = new Set([...group.members].flatMap(({ texts }) => texts));
    for (const text of group.texts) if (!wanted.has(text)) group.texts.delete(text);
    try {
      const result = await this.#call([...group.texts], run);
      this.#groups.delete(group);
      for (const member of group.members) member.resolve(only(member.texts, result));
    } catch (error) {
      // Close the group: whoever joined from here on would get no result.
      this.#groups.delete(group);
      const callers = [...group.members];
      // A caller that asked for all of the texts would learn nothing new from a call of its own.
      const ofAll = callers.every(({ texts }) => texts.length === group.texts.size);
      if (ofAll || !isAboutInput(error) || signal.aborted) throw error;
      for (const member of callers) {
        if (!group.members.has(member)) continue;
        try {
          member.resolve(await this.#call(member.texts, run));
        } catch (failure) {
          // All members without an answer may be retried.
          if (asAppError(failure).broke || signal.aborted) throw failure;
          member.reject(failure);
        }
        group.members.delete(member);
      }
    }
  }

  async #call(texts: readonly string[], { wish, asker, ready, signal }: EmbedRun): Promise<Result> {
    const { family, request, spec } = wish;
    const { load, keepAlive } = ready;
    const { upstream, residency, held, estimator, clock, meter } = this.#parts;
    const startedAt = clock.elapsed();
    // Reading texts may evict held prompts.
    held.forget(spec.key);
    const asked: UpstreamEmbed = { ...withKeepAlive(request, keepAlive), input: texts };
    const reply = withLoad(await upstream[family](asked, signal, asker), load.ms);
    estimator.observeEmbed(spec.model, (clock.elapsed() - startedAt) / texts.length);
    const promptMs = Math.max(0, reply.total_duration - reply.load_duration) / 1e6;
    meter?.ran(spec.model, {
      promptTokens: reply.prompt_eval_count,
      reusedTokens: undefined,
      promptMs,
      tokens: 0,
      evalMs: 0,
    });
    residency.used(spec, keepAlive);
    const tokens = shares(reply.prompt_eval_count, texts);
    const durations = shares(Math.max(0, reply.total_duration - reply.load_duration), texts);
    const vectors = texts.map((text, i): [string, Vector] => [
      text,
      { numbers: reply.vectors[i] ?? [], tokens: tokens[i] ?? 0, duration: durations[i] ?? 0 },
    ]);
    return { vectors: new Map(vectors), loadDuration: reply.load_duration, load };
  }
}

/** Whether Ollama probably rejected one of the texts, rather than the caller, the model, or every request. */
function isAboutInput(error: unknown): boolean {
  return error instanceof AppError && (error.native?.status === 400 || error.native?.status === 500);
}

function only(texts: readonly string[], result: Result): Result {
  return { ...result, vectors: new Map([...result.vectors].filter(([text]) => texts.includes(text))) };
}
