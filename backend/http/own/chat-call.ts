// Translates the body and headers of Hearth's own chat routes to a ChatCall.
import type { IncomingMessage } from 'node:http';
import type { ChatRequest } from '../../contract/chat/chat-request.ts';
import type { Config } from '../../contract/config/config.ts';
import type { ChatCall } from '../../core/requests/call.ts';
import { type ConversationAsk, withPrompt } from '../../core/stories/chat/converse.ts';
import type { UpstreamChat } from '../../core/ports.ts';
import { applied, profileNamed } from '../../core/models/profiles.ts';
import { askerOf, bodyWish, replayOf, wishesOf } from '../dialect/asking.ts';
import { modeAsked } from '../dialect/mode-asked.ts';
import { placeOf } from '../dialect/queue-place.ts';
import { markOf } from '../wire/cache-headers.ts';
import { header } from '../wire/header.ts';

/** A parsed request of Hearth's own chat routes. */
export interface OwnChat {
  readonly call: ChatCall;
  readonly stream: boolean;
  /** The conversation that the request continues, if it names one. */
  readonly conversation: ConversationAsk | undefined;
  /** The id that the body asks for (chat-queue only). */
  readonly wantedId: string | undefined;
  /** The client sends Cache-Control out of habit, so it was ignored. */
  readonly ignoredCacheControl: boolean;
}

/** In a conversation the system prompt is put in front of the whole conversation. */
function conversationOf(request: ChatRequest, config: Config): ConversationAsk | undefined {
  const { conversation_id: id, messages } = request;
  if (id === undefined || id === null) return undefined;
  return { id, messages, prompt: promptOf(request, config) };
}

/** An empty prompt means "no system prompt" and overrides the configured one. */
function promptOf(request: ChatRequest, config: Config): string {
  const configured =
    profileNamed(config.models, modelOf(request, config))?.system_prompt ?? config.ollama.system_prompt;
  return request.system_prompt ?? request.systemPrompt ?? configured;
}

/** An empty name means the configured model. */
function modelOf({ model }: ChatRequest, config: Config): string {
  return model === undefined || model === null || model === '' ? config.ollama.model : model;
}

/** Reads the headers of a chat whose body was parsed. Throws invalid_request with a sentence that names the header. */
export function readChat(
  req: IncomingMessage,
  { request, id, route }: { readonly request: ChatRequest; readonly id: string; readonly route: string },
  config: Config,
): OwnChat {
  const stream = request.stream ?? (header(req, 'accept') ?? '').includes('text/event-stream');
  const name = modelOf(request, config);
  const upstream = upstreamRequest(request, config);
  const place = placeOf(req, { request: upstream, ours: request, stream, name }, config);
  const { wishes, ignored } = wishesOf(req, bodyWish(request), config);
  return {
    call: {
      id,
      anyId: true,
      route,
      model: upstream.model,
      mode: modeAsked(req, config),
      ...askerOf(req, request),
      ...place,
      family: 'chat',
      request: upstream,
      wishes,
      cacheByDefault: 'always',
      mark: markOf(req.headers, config.cache.fresh_when),
      replay: replayOf(req, config),
      streamed: stream,
    },
    stream,
    conversation: conversationOf(request, config),
    wantedId: request.requestId ?? undefined,
    ignoredCacheControl: ignored,
  };
}

/** Drops the fields that only Hearth knows; all other fields go upstream, known or not. */
function upstreamRequest(request: ChatRequest, config: Config): UpstreamChat {
  const name = modelOf(request, config);
  const profile = profileNamed(config.models, name);
  const {
    stream: _stream,
    use_cache: _useCache,
    priority: _priority,
    system_prompt: _systemPrompt,
    systemPrompt: _systemPromptToo,
    conversation_id: _conversation,
    cache: _cache,
    requestId: _requestId,
    model: _model,
    messages,
    keep_alive,
    options,
    format,
    tools,
    think,
    ...unknown
  } = request;
  const said = {
    ...unknown,
    model: name,
    messages: withPrompt(promptOf(request, config), messages),
    ...present({ keep_alive, options, format, tools, think }),
  };
  // The profile's system prompt replaces the configured one, which a request may turn off; it was handled above.
  return profile === undefined ? said : applied(said, { ...profile, system_prompt: undefined });
}

/** Drops null and undefined fields: both mean "not set". */
function present<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const out: { [K in keyof T]?: NonNullable<T[K]> } = {};
  for (const name of Object.keys(fields) as (keyof T)[]) {
    const value = fields[name];
    if (value !== null && value !== undefined) out[name] = value as NonNullable<T[keyof T]>;
  }
  return out;
}
