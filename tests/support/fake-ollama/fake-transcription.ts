// POST /v1/audio/transcriptions of the fake Ollama: a form with a file becomes a streamed chat about it, whose answer comes back
// as one text (middleware/openai.go, openai/openai.go). Deliberately without the limit of 25 MB, which is one of memory alone.
import { chat } from './fake-chat.ts';
import type { Fields } from './fake-decode.ts';
import { openaiError } from './fake-openai-answer.ts';
import { TranslatingClient } from './fake-translate.ts';
import { FakeError, goJson } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

export async function transcribe(world: World, client: Client, bytes: Buffer): Promise<void> {
  const form = await formIn(bytes, client.call.headers['content-type'] ?? '');
  const text = (name: string): string => String(form.get(name) ?? '');
  if (text('model') === '') throw new FakeError(400, 'model is required');
  const file = form.get('file');
  if (file === null || typeof file === 'string') throw new FakeError(400, 'file is required: http: no such file');
  const audio = Buffer.from(await file.arrayBuffer());
  if (audio.length === 0) throw new FakeError(400, 'audio file is empty');
  if (client instanceof TranscriptionClient) client.form = text('response_format');
  // What a decoder of JSON would have said of the form counts for nothing here.
  delete client.call.badBody;
  client.call.native = {
    model: text('model'),
    messages: [
      { role: 'system', content: 'Write down what is said.' },
      { role: 'user', content: `What is said in this audio? ${text('prompt')}`, images: [audio.toString('base64')] },
    ],
    stream: true,
    options: { temperature: 0 },
  };
  await chat(world, client);
}

async function formIn(bytes: Buffer, type: string): Promise<FormData> {
  try {
    return await new Response(bytes, { headers: { 'content-type': type } }).formData();
  } catch (error) {
    throw new FakeError(400, `failed to parse multipart form: ${String(error)}`);
  }
}

export class TranscriptionClient extends TranslatingClient {
  /** `response_format`. */
  form = '';
  #text = '';

  protected refusal(status: number, message: string): unknown {
    return openaiError(status, message);
  }

  protected whole({ message }: Fields): unknown {
    return { text: String((message as Fields)['content'] ?? '').trim() };
  }

  protected events({ message, done }: Fields): readonly [] {
    this.#text += String(((message ?? {}) as Fields)['content'] ?? '');
    const text = this.#text.trim();
    if (done !== true) return [];
    if (this.form === 'text') this.send(200, 'text/plain', text);
    else this.send(200, 'application/json', `${goJson({ text })}\n`);
    return [];
  }
}
