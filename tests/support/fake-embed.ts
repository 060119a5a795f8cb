// POST /api/embed and the legacy /api/embeddings of the fake Ollama.
// Deliberately one slot per call: Ollama takes one per input, but an embedding runner has only one, so nobody can tell.
import type { Scripted } from './fake-call.ts';
import { modelOf } from './fake-chat.ts';
import type { Installed } from './fake-models.ts';
import { checkOptions, fieldsOf, keepAliveMs, runnerWish, text } from './fake-options.ts';
import { beforeFirstByte, inSlot } from './fake-run.ts';
import type { Ticket, Want } from './fake-scheduler.ts';
import { tokens, vector } from './fake-text.ts';
import { FakeError, nanoseconds, turn } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

interface Embed {
  readonly want: Want;
  readonly inputs: readonly string[];
  readonly answer: (ticket: Ticket) => unknown;
  readonly empty: unknown;
}

export function embed(world: World, client: Client): Promise<void> {
  const { call } = client;
  const fields = fieldsOf(call);
  const spelled = text(fields, 'model', 'EmbedRequest');
  const keepAlive = keepAliveMs(fields['keep_alive']);
  const input = fields['input'] ?? [];
  const inputs: readonly unknown[] = Array.isArray(input) ? input : input === '' ? [] : [input];
  if (!inputs.every((each) => typeof each === 'string')) throw new FakeError(400, 'invalid input type');
  if (spelled === '') throw new FakeError(404, "model '' not found");
  const model = modelOf(world, spelled, `model ${JSON.stringify(spelled)} not found, try pulling it first`);
  const want: Want = {
    model,
    keepAliveMs: keepAlive,
    ...runnerWish(model, checkOptions(fields['options']), undefined),
  };
  const length = Math.min(
    Number(fields['dimensions'] || model.details.embedding_length),
    model.details.embedding_length,
  );
  return serve(world, client, {
    want,
    inputs,
    empty: { model: spelled, embeddings: [] },
    answer: (ticket) => {
      const counts = inputs.map(tokens);
      const limit = Number(want.options['num_ctx']);
      if (fields['truncate'] === false && counts.some((count) => count > limit)) {
        throw new FakeError(400, 'the input length exceeds the context length');
      }
      return {
        model: spelled,
        embeddings: inputs.map((each) => vector(each, length, true)),
        total_duration: nanoseconds(performance.now() - call.startedAt),
        load_duration: nanoseconds(ticket.readyAt - call.startedAt),
        prompt_eval_count: counts.reduce((sum, count) => sum + Math.min(count, limit), 0),
      };
    },
  });
}

export function embeddings(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const spelled = text(fields, 'model', 'EmbeddingRequest');
  const prompt = text(fields, 'prompt', 'EmbeddingRequest');
  const keepAlive = keepAliveMs(fields['keep_alive']);
  if (spelled === '') throw new FakeError(400, 'model is required');
  const model: Installed = modelOf(world, spelled, `model ${JSON.stringify(spelled)} not found, try pulling it first`);
  const want: Want = {
    model,
    keepAliveMs: keepAlive,
    ...runnerWish(model, checkOptions(fields['options']), undefined),
  };
  return serve(world, client, {
    want,
    inputs: prompt === '' ? [] : [prompt],
    empty: { embedding: [] },
    // Not normalised, unlike /api/embed.
    answer: () => ({ embedding: vector(prompt, model.details.embedding_length, false) }),
  });
}

async function serve(world: World, client: Client, { want, inputs, answer, empty }: Embed): Promise<void> {
  const { call } = client;
  if (inputs.length === 0) {
    call.kind = 'load';
    const loaded = await world.scheduler.load(want, client);
    if (loaded === undefined) return;
    call.loaded = loaded;
    client.json(200, empty);
    return;
  }
  await world.during('embed', call, async () => {
    const script: Scripted = world.script(call);
    await inSlot(world, want, client, async (ticket) => {
      // A turn at least, so that two embeds at once are seen as two.
      if (!(await beforeFirstByte(world, client, script))) return;
      await turn();
      call.pieces = inputs.length;
      if (script.cutAfter === undefined) client.json(200, answer(ticket));
      else await client.cut();
    });
  });
}
