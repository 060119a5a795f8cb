// POST /api/chat and /api/generate of the fake Ollama: reads the request in Ollama's order of checks and starts a load, an unload or a run.
// Deliberately does not render prompts: templates, suffix and raw mode are checked, counted and otherwise ignored.
import type { ScriptedPiece } from './fake-call.ts';
import type { Run } from './fake-chunks.ts';
import { embeddingOnly } from './fake-models.ts';
import type { Installed } from './fake-models.ts';
import {
  checkImages,
  checkOptions,
  fieldsOf,
  formatOf,
  keepAliveMs,
  records,
  runnerWish,
  text,
  thinks,
} from './fake-options.ts';
import type { Fields } from './fake-options.ts';
import { inSlot, play } from './fake-run.ts';
import type { Want } from './fake-scheduler.ts';
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
  const fields = fieldsOf(client.call);
  const messages = records(fields, 'messages', 'ChatRequest', 'api.Message');
  for (const message of messages) {
    text(message, 'content', 'ChatRequest.messages');
    checkImages(message['images']);
  }
  const spelled = text(fields, 'model', 'ChatRequest');
  if (spelled === '') throw new FakeError(400, 'model is required');
  return answer(
    world,
    client,
    'chat',
    fields,
    spelled,
    messages.map((message) => String(message['content'] ?? '')),
  );
}

export function generate(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const spelled = text(fields, 'model', 'GenerateRequest');
  const prompt = text(fields, 'prompt', 'GenerateRequest');
  checkImages(fields['images']);
  if (spelled === '') throw new FakeError(404, "model '' not found");
  return answer(world, client, 'generate', fields, spelled, prompt === '' ? [] : [prompt]);
}

async function answer(
  world: World,
  client: Client,
  shape: 'chat' | 'generate',
  fields: Fields,
  spelled: string,
  texts: readonly string[],
): Promise<void> {
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
      // Only the runner looks at the format, so the model is loaded before this fails.
      formatOf(format);
      return play(world, run, ticket);
    });
  });
}

function usualAnswer(
  asked: string,
  thinking: boolean,
  format: unknown,
  options: Fields,
): { readonly pieces: readonly ScriptedPiece[]; readonly doneReason: string } {
  const structured = format !== undefined && format !== null && format !== '';
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
