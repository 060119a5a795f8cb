// POST /api/embed and the legacy /api/embeddings of the fake Ollama.
// Deliberately one slot per call: Ollama takes one per input, but an embedding runner has only one, so nobody can tell.
import type { Scripted } from './fake-call.ts';
import { modelOf } from './fake-chat.ts';
import { decode } from './fake-decode.ts';
import { checkOptions, keepAliveMs, runnerWish } from './fake-options.ts';
import { beforeFirstByte, inSlot } from './fake-run.ts';
import type { Ticket, Want } from './fake-scheduler.ts';
import { EMBED, EMBEDDINGS } from './fake-structs.ts';
import { tokens, vector } from './fake-text.ts';
import { FakeError, nanoseconds, turn } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

interface Embed {
  readonly want: Want;
  readonly inputs: readonly string[];
  readonly answer: (ticket: Ticket) => unknown;
  readonly empty: unknown;
  /** Status when the model is none for embedding. */
  readonly cannot: number;
}

export function embed(world: World, client: Client): Promise<void> {
  const { call } = client;
  const fields = decode(call, EMBED);
  const spelled = String(fields['model'] ?? '');
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
  const all = model.details.embedding_length;
  const wished = Number(fields['dimensions'] ?? 0);
  const length = wished > 0 ? Math.min(wished, all) : all;
  return serve(world, client, {
    want,
    inputs,
    empty: { model: spelled, embeddings: [] },
    cannot: 501,
    answer: (ticket) => {
      if (inputs.includes('')) {
        throw new FakeError(400, 'input exceeds maximum context length and cannot be truncated further');
      }
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
  const fields = decode(client.call, EMBEDDINGS);
  const { model: spelled = '', prompt = '' } = fields as { readonly model?: string; readonly prompt?: string };
  const keepAlive = keepAliveMs(fields['keep_alive']);
  if (spelled === '') throw new FakeError(400, 'model is required');
  const model = modelOf(world, spelled, `model ${JSON.stringify(spelled)} not found, try pulling it first`);
  const want: Want = {
    model,
    keepAliveMs: keepAlive,
    ...runnerWish(model, checkOptions(fields['options']), undefined),
  };
  return serve(world, client, {
    want,
    inputs: prompt === '' ? [] : [prompt],
    empty: { embedding: [] },
    cannot: 500,
    // Not normalised, unlike /api/embed.
    answer: () => ({ embedding: vector(prompt, model.details.embedding_length, false) }),
  });
}

/** Of the runner of a model that writes, since 0.33; before that it could embed, too. */
const NO_EMBEDDINGS = 'This server does not support embeddings. Start it with `--embeddings`';

async function serve(world: World, client: Client, { want, inputs, answer, empty, cannot }: Embed): Promise<void> {
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
      if (!want.model.capabilities.includes('embedding')) throw new FakeError(cannot, NO_EMBEDDINGS);
      call.pieces = inputs.length;
      if (script.cutAfter === undefined) client.json(200, answer(ticket));
      else await client.cut();
    });
  });
}
