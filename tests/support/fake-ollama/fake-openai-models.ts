// GET /v1/models and /v1/models/:model of the fake Ollama (openai/openai.go).
import { parseName } from './fake-models.ts';
import { openaiError } from './fake-openai-answer.ts';
import { goJson } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

const answer = (client: Client, status: number, value: unknown): void =>
  client.send(status, 'application/json', `${goJson(value)}\n`);

/** GET /v1/models; without models `data` is null, as in Ollama. */
export function openaiModels(world: World, client: Client): void {
  const data = world.catalogue.list().map((model) => openaiModel(model.name, model.modifiedAt));
  answer(client, 200, { object: 'list', data: data.length > 0 ? data : null });
}

/** GET /v1/models/:model */
export function openaiOne(world: World, client: Client, name: string): void {
  const model = world.catalogue.find(name);
  if (model === undefined || model === 'invalid') {
    const [status, message] =
      model === 'invalid' ? [400, 'invalid model name'] : [404, `model '${parseName(name)?.short}' not found`];
    return answer(client, status, openaiError(status, message));
  }
  // By the name that was asked for (openai.go ToModel).
  answer(client, 200, openaiModel(name, model.modifiedAt));
}

function openaiModel(name: string, modifiedAt: number): unknown {
  const owner = name.includes('/') ? name.split('/').at(-2) : 'library';
  return { id: name, object: 'model', created: Math.trunc(modifiedAt / 1000), owned_by: owner };
}
