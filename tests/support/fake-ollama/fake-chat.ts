// POST /api/chat and /api/generate of the fake Ollama: reads the request in Ollama's order of checks and starts a load, an unload or a run.
// Deliberately does not render prompts: templates, suffix and raw mode are checked, counted and otherwise ignored.
import type { ScriptedPiece } from './fake-call.ts';
import type { Run } from './fake-chunks.ts';
import { decode } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { embeddingOnly } from './fake-models.ts';
import type { Installed } from './fake-models.ts';
import {
  checkOptions,
  checkTemplate,
  formatOf,
  keepAliveMs,
  runnerRefusal,
  runnerWish,
  thinks,
} from './fake-options.ts';
import { inSlot, play } from './fake-run.ts';
import type { Want } from './fake-scheduler.ts';
import { CHAT, GENERATE } from './fake-structs.ts';
import { answerTo, jsonAnswer, thoughtsOn, tokens } from './fake-text.ts';
import { FakeError, stamp } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

/** Finds the model of a request or throws Ollama's answer; `notFound` is that route's sentence. */
export function modelOf(world: World, name: string, notFound: string): Installed {
  const model = world.catalogue.find(name);
  if (model === 'invalid') throw new FakeError(400, 'invalid model name');
  if (model === undefined) throw new FakeError(404, notFound);
  return model;
}

export function chat(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, CHAT);
  const { model: spelled = '', messages = [] } = fields as { readonly model?: string; readonly messages?: Fields[] };
  if (spelled === '') throw new FakeError(400, 'model is required');
  return answer(world, client, {
    shape: 'chat',
    fields,
    spelled,
    texts: messages.map(({ content = '' }) => String(content)),
    images: messages.flatMap(({ images = [] }) => images as string[]),
  });
}

export function generate(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, GENERATE);
  const {
    model: spelled = '',
    prompt = '',
    images = [],
  } = fields as {
    readonly model?: string;
    readonly prompt?: string;
    readonly images?: string[];
  };
  if (spelled === '') throw new FakeError(404, "model '' not found");
  return answer(world, client, { shape: 'generate', fields, spelled, texts: prompt === '' ? [] : [prompt], images });
}

/** A request of either route. */
interface Asked {
  readonly shape: 'chat' | 'generate';
  readonly fields: Fields;
  /** The model as the request spells it. */
  readonly spelled: string;
  /** All that is read; none asks for a load. */
  readonly texts: readonly string[];
  readonly images: readonly string[];
}

async function answer(world: World, client: Client, asked: Asked): Promise<void> {
  const { shape, fields, spelled, texts } = asked;
  const { call } = client;
  const keepAlive = keepAliveMs(fields['keep_alive']);
  const top = Number(fields['top_logprobs'] ?? 0);
  if (!(top >= 0 && top <= 20)) throw new FakeError(400, 'top_logprobs must be between 0 and 20');
  const model = modelOf(world, spelled, `model '${spelled}' not found`);
  const empty = texts.length === 0;

  // Before the capability checks, so that an embedding model can be unloaded through here.
  if (empty && keepAlive === 0) {
    call.kind = 'unload';
    world.scheduler.expire(model);
    nothing(client, shape, spelled, 'unload');
    return;
  }
  const raw = fields['raw'] === true;
  if (raw && (fields['template'] || fields['system'] || fields['context'])) {
    throw new FakeError(400, 'raw mode does not support template, system, or context');
  }
  if (embeddingOnly(model)) throw new FakeError(400, `${JSON.stringify(spelled)} does not support ${shape}`);
  const tools = Array.isArray(fields['tools']) && fields['tools'].length > 0;
  for (const [wanted, capability] of [
    [tools, 'tools'],
    [Boolean(fields['suffix']), 'insert'],
  ] as const) {
    if (wanted && !model.capabilities.includes(capability)) {
      throw new FakeError(400, `${model.fullName} does not support ${capability}`);
    }
  }
  const thinking = thinks(fields['think'], model, spelled);
  const options = checkOptions(fields['options']);
  const want: Want = { model, keepAliveMs: keepAlive, ...runnerWish(model, options, fields['shift']) };

  if (empty) {
    call.kind = 'load';
    const loaded = model.remote ? 'warm' : await world.scheduler.load(want, client);
    if (loaded === undefined) return;
    call.loaded = loaded;
    nothing(client, shape, spelled, 'load');
    return;
  }

  await world.during('run', call, async () => {
    const script = world.script(call);
    const format = fields['format'];
    const usual = script.pieces === undefined ? usualAnswer(texts.at(-1) ?? '', thinking, format, options) : undefined;
    const run: Run = {
      client,
      call,
      shape,
      model,
      spelled,
      want,
      stream: fields['stream'] !== false,
      script,
      pieces: script.pieces ?? usual?.pieces ?? [],
      doneReason: script.doneReason ?? usual?.doneReason ?? 'stop',
      promptTokens: texts.reduce((sum, each) => sum + tokens(each) + 4, 0),
      logprobs: fields['logprobs'] === true ? top : undefined,
      tools,
      raw,
    };
    await inSlot(world, want, client, (ticket) => {
      // Only the runner looks at these, so the model is loaded before they fail.
      checkTemplate(fields['template']);
      formatOf(format);
      checkPrompt(run, asked);
      return play(world, run, ticket);
    });
  });
}

/** Throws for what does not fit the model: pictures it cannot see, more text than its context holds where none may be left out. */
function checkPrompt({ model, want, promptTokens }: Run, { fields, images }: Asked): void {
  if (images.length > 0 && !model.capabilities.includes('vision')) {
    throw runnerRefusal('Multimodal data provided, but model does not support multimodal requests.');
  }
  const limit = Number(want.options['num_ctx']);
  if (fields['truncate'] === false && fields['shift'] === false && promptTokens > limit) {
    throw runnerRefusal(
      `request (${promptTokens} tokens) exceeds the available context size (${limit} tokens), try increasing it`,
      'exceed_context_size_error',
      { n_prompt_tokens: promptTokens, n_ctx: limit },
    );
  }
}

function usualAnswer(
  asked: string,
  thinking: boolean,
  format: unknown,
  options: Fields,
): { readonly pieces: readonly ScriptedPiece[]; readonly doneReason: string } {
  const structured = format !== undefined && format !== '';
  const content = structured ? jsonAnswer(format) : answerTo(asked);
  const all: readonly ScriptedPiece[] = thinking
    ? [...thoughtsOn(asked).map((thought) => ({ thinking: thought })), ...content]
    : content;
  const limit = Number(options['num_predict'] ?? -1);
  if (limit > 0 && limit < all.length) return { pieces: all.slice(0, limit), doneReason: 'length' };
  return { pieces: all, doneReason: 'stop' };
}

/** The answer to a request without content: one object, whatever `stream` says. */
function nothing(client: Client, shape: 'chat' | 'generate', model: string, reason: 'load' | 'unload'): void {
  const content = shape === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  client.json(200, { model, created_at: stamp(), ...content, done: true, done_reason: reason });
}
