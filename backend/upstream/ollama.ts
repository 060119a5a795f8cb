// Calls Ollama through its own client library; this is the only file that imports it. written.ts handles streamed
// answers. Each call has its own client, with Hearth's fetch behind it, because ollama-js 0.6.4 cannot abort a call
// whose answer comes whole. It never retries, queues or remembers a model: that is the job of the queue and the watch.
import { Ollama } from 'ollama/browser'; // the other entry reads local files that `images` names
import type { z } from 'zod';
import { isIncomplete } from '../contract/chat/chat.ts';
import { keepAliveSeconds } from '../contract/duration.ts';
import { jsonText } from '../contract/go/exact-json.ts';
import { AppError } from '../contract/errors.ts';
import { withoutUserinfo } from '../contract/secret.ts';
import type { Asker } from '../contract/behind.ts';
import { OVER } from '../core/abort.ts';
import type {
  Clock,
  EmbedReply,
  Family,
  Log,
  ReadConfig,
  Upstream,
  UpstreamEmbed,
  UpstreamRequest,
} from '../core/ports.ts';
import { Call, type Limit } from './deadlines.ts';
import { exchangeOver } from './exchange.ts';
import { firstTokenLate, malformed, noAnswer, notDone, notOllama, tooLong } from './failure.ts';
import { InnerLine, innerQueueSchema, type InnerQueue } from './inner-line.ts';
import { answerIn, MB, textOf } from './ndjson.ts';
import { Abilities } from './abilities.ts';
import type { Peer } from './peer.ts';
import { pulled, removed } from './pulling.ts';
import {
  capabilitiesSchema,
  embeddingsSchema,
  embedSchema,
  modelfileSchema,
  psSchema,
  tagsSchema,
  versionSchema,
} from './replies.ts';
import type { Whose } from './upstream-label.ts';
import { createWire } from './wire.ts';
import { written } from './written.ts';

/** A placeholder address for the client library; the wire knows the real one. */
const SOMEWHERE = 'http://ollama';

/** Minimum keep_alive in seconds when less than a second was asked for: the next request needs the model. */
const LEAST_KEEP_ALIVE = 10;

export interface UpstreamOptions {
  readonly config: ReadConfig;
  readonly log: Log;
  readonly clock: Clock;
  /**
   * What this gateway writes into Via, to recognize its own requests when they loop back. Undefined without a listening
   * port.
   */
  readonly via?: string;
  /** The name in `[[upstreams]]`, for messages; undefined when there is one Ollama. */
  readonly name?: string | undefined;
  readonly peer?: Peer | undefined;
}

/** A request in Ollama's own form, as it is sent. */
type Sent = Readonly<Record<string, unknown>> & { readonly model: string };

/** The request, unless the call is a lookup, and on whose behalf it is sent. */
interface Asked {
  readonly request?: Sent;
  readonly asker?: Asker | undefined;
}

/**
 * Creates the client of the Ollama at `ollama.api_url`. The address and all limits but connect_timeout_ms are read anew
 * for each call. The port documents what each call does and throws. `close` breaks all connections; running calls fail.
 */
export function createUpstream({
  config,
  log,
  clock,
  via,
  name,
  peer,
}: UpstreamOptions): Upstream & { close(): Promise<void> } {
  const wire = createWire({ config, via, name, peer });
  const whose = (): Whose => ({ url: withoutUserinfo(config().ollama.api_url), name });

  const exchange = exchangeOver(wire, log);
  const life = new AbortController();
  const innerLine = new InnerLine({ clock, look: askQueue });
  const isHearth = (): boolean => peer?.isHearth(withoutUserinfo(config().ollama.api_url)) === true;
  const run =
    (family: Family): Upstream[Family] =>
    (request, signal, tell, asker) =>
      written(
        { config, clock, exchange, ...(isHearth() ? { innerLine } : {}) },
        { family, request, asker },
        signal,
        tell,
      );

  /**
   * A client for this one call. Its fetch obeys the call's signal and throws only AppErrors. It sends `request`, if
   * given: the library would write numbers and deeply nested values with JSON.stringify.
   */
  function clientFor(call: Call, { request, asker }: Asked, maxMb: number): Ollama {
    return new Ollama({
      host: SOMEWHERE,
      fetch: async (url, init) => {
        const outward = {
          method: init?.method === 'POST' ? 'POST' : 'GET',
          path: new URL(String(url)).pathname,
          headers: lowerCased(init?.headers ?? {}),
          body: request !== undefined ? jsonText(request) : typeof init?.body === 'string' ? init.body : null,
          asker,
        };
        const { body, access } = await exchange(outward, request?.model, call.signal);
        const { text, whole } = await textOf(body, maxMb * MB);
        if (!whole) throw tooLong(maxMb);
        answerIn(text, access);
        return asResponse(text);
      },
    });
  }

  /** One request with one JSON object as its answer. */
  async function ask<T>(
    signal: AbortSignal,
    { ms, late }: Limit,
    asked: Asked,
    question: (client: Ollama) => Promise<T>,
  ): Promise<T> {
    const { max_answer_mb: maxMb } = config().ollama;
    const call = new Call(signal, clock);
    try {
      call.expect(ms, late);
      return await question(clientFor(call, asked, maxMb));
    } catch (error) {
      throw call.signal.aborted ? call.signal.reason : error;
    } finally {
      call.close();
    }
  }

  /** A lookup that Ollama answers at once, checked against its schema. */
  async function look<T>(
    signal: AbortSignal,
    schema: z.ZodType<T>,
    question: (client: Ollama) => Promise<unknown>,
  ): Promise<T> {
    const { connect_timeout_ms: ms } = config().ollama;
    const asked = whose();
    const answer = await ask(signal, { ms, late: () => noAnswer(asked) }, {}, question);
    const checked = schema.safeParse(answer);
    if (!checked.success) throw notOllama(asked, 'an answer in an unknown form', checked.error);
    return checked.data;
  }

  /**
   * Sends an empty request, which loads the model or, with a keep_alive of 0, unloads it (Ollama's API, "Load a model"
   * and "Unload a model").
   */
  async function sendEmpty(request: UpstreamRequest, signal: AbortSignal): Promise<void> {
    try {
      await run('chat')(request, signal, (event) => {
        if (event.type === 'end' && isIncomplete(event.end)) throw notDone();
      });
    } catch (error) {
      if (!(error instanceof AppError && error.message.includes('does not support chat'))) throw error;
      // An embedding-only model is loaded by an empty list of texts.
      const { model, options, keep_alive: keepAlive } = request;
      const empty = { model, input: [], ...present({ options, keep_alive: keepAlive }) };
      await ask(signal, firstToken(), { request: empty }, (client) => client.embed(empty));
    }
  }

  async function vectors<T>(
    asked: Asked,
    signal: AbortSignal,
    schema: z.ZodType<T>,
    question: (client: Ollama) => Promise<unknown>,
  ): Promise<T> {
    const answer = await ask(signal, firstToken(), asked, question);
    const checked = schema.safeParse(answer);
    if (!checked.success) throw malformed('vectors in an unknown form', checked.error);
    return checked.data;
  }

  async function embed(request: UpstreamEmbed, signal: AbortSignal, asker?: Asker): Promise<EmbedReply> {
    const outline = { model: request.model, input: [] };
    const reply = await vectors({ request, asker }, signal, embedSchema, (client) => client.embed(outline));
    if (reply.vectors.length === request.input.length) return reply;
    throw malformed(`${reply.vectors.length} vectors for ${request.input.length} texts`);
  }

  function embeddings({ input, ...rest }: UpstreamEmbed, signal: AbortSignal, asker?: Asker): Promise<EmbedReply> {
    const request = { ...rest, prompt: input[0] ?? '' };
    const outline = { model: rest.model, prompt: '' };
    return vectors({ request, asker }, signal, embeddingsSchema, (client) => client.embeddings(outline));
  }

  /** The queue of an upstream that is a Hearth. */
  async function askQueue(): Promise<InnerQueue> {
    const call = new Call(life.signal, clock);
    try {
      call.expect(config().ollama.connect_timeout_ms, () => noAnswer(whose()));
      const outward = { method: 'GET', path: '/api/chat-queue', headers: {}, body: null };
      const { body } = await exchange(outward, undefined, call.signal);
      const { text } = await textOf(body, config().ollama.max_answer_mb * MB);
      return innerQueueSchema.parse(JSON.parse(text));
    } finally {
      call.close();
    }
  }

  const abilities = new Abilities((model, signal) =>
    look(signal, capabilitiesSchema, (client) => client.show({ model })),
  );

  function firstToken(): Limit {
    const seconds = config().ollama.first_token_timeout_seconds;
    return { ms: seconds * 1000, late: () => firstTokenLate(seconds) };
  }

  return {
    chat: run('chat'),
    generate: run('generate'),
    embed,
    embeddings,
    modelfile: (model, signal) => look(signal, modelfileSchema, (client) => client.show({ model })),
    load: (spec, keepAlive, signal) =>
      sendEmpty(
        {
          model: spec.model,
          messages: [],
          options: spec.options,
          ...present({ shift: spec.shift, keep_alive: keepAlive === undefined ? undefined : longEnough(keepAlive) }),
        },
        signal,
      ),
    unload: (model, signal) => sendEmpty({ model, messages: [], keep_alive: 0 }, signal),
    pull: (model, signal, tell) => pulled({ clock, exchange }, model, signal, tell),
    remove: (model, signal) => removed({ exchange }, model, signal),
    tags: async (signal) => await abilities.told(await look(signal, tagsSchema, (client) => client.list()), signal),
    ps: (signal) => look(signal, psSchema, (client) => client.ps()),
    version: (signal) => look(signal, versionSchema, (client) => client.version()),
    close: async () => {
      life.abort(OVER);
      await wire.close();
    },
  };
}

/** An empty request with a keep_alive of 0 does not load, it unloads (Ollama's API, "Unload a model"). */
function longEnough(keepAlive: string | number): string | number {
  const seconds = keepAliveSeconds(keepAlive);
  return seconds >= 0 && seconds < 1 ? LEAST_KEEP_ALIVE : keepAlive;
}

/** Drops undefined fields. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** The library sends its headers as a plain object. */
function lowerCased(headers: object): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/**
 * The parts of a Response that the library uses. A real Response makes Node load its fetch, which takes half as long as
 * Node's start.
 */
function asResponse(text: string): Response {
  const answer: Pick<Response, 'ok' | 'text' | 'json'> = {
    ok: true,
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  };
  return answer as Response;
}
