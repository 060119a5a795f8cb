// The fake Ollama's answers in OpenAI's form: chat completions, text completions and embeddings, whole and as events (openai/openai.go).
import type { Fields } from './fake-decode.ts';
import { callsIn, counted, TranslatingClient } from './fake-translate.ts';
import type { Event } from './fake-translate.ts';

const TYPES: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 404: 'not_found_error' };

/** The body of an error on all of OpenAI's routes. */
export const openaiError = (status: number, message: string): unknown => ({
  error: { message, type: TYPES[status] ?? 'api_error', param: null, code: null },
});

const usageOf = (native: Fields): Fields => {
  const { input, output } = counted(native);
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
};

/** What the three routes share. */
abstract class OpenAiClient extends TranslatingClient {
  protected readonly id = Math.trunc(Math.random() * 999);
  #done = false;

  protected refusal(status: number, message: string): unknown {
    return openaiError(status, message);
  }

  protected abstract chunks(native: Fields): readonly Fields[];

  protected events(native: Fields): readonly Event[] {
    this.#done ||= native['done'] === true;
    return this.chunks(native).map((data) => ({ data }));
  }

  protected get streamsUsage(): boolean {
    const { include_usage: wanted } = (this.asked['stream_options'] ?? {}) as Fields;
    return wanted === true;
  }

  override end(outcome: 'done' | 'error'): void {
    // Only a final chunk brings it: an answer that broke off just ends.
    if (this.#done && this.call.outcome === 'open' && !this.gone) this.res.write('data: [DONE]\n\n');
    super.end(outcome);
  }
}

/** POST /v1/chat/completions */
export class ChatCompletionClient extends OpenAiClient {
  #begun = false;
  #calls = 0;

  /** An error's line has no model: it is read as an empty answer, and what it says is lost. */
  #head(object: string, { model = '' }: Fields): Fields {
    return { id: `chatcmpl-${this.id}`, object, created: this.created, model, system_fingerprint: 'fp_ollama' };
  }

  #toolCalls(native: Fields): unknown[] {
    return callsIn(native).map(({ id, function: { name, arguments: given } }) => ({
      id: id ?? `call_${this.#calls}`,
      index: this.#calls++,
      type: 'function',
      function: { name, arguments: JSON.stringify(given) },
    }));
  }

  #finish(native: Fields): unknown {
    const reason = native['done_reason'] ?? null;
    return this.#calls > 0 && reason !== null ? 'tool_calls' : reason;
  }

  protected chunks(native: Fields): readonly Fields[] {
    const { thinking, content = '' } = (native['message'] ?? {}) as Fields;
    const calls = this.#toolCalls(native);
    const deltas: Fields[] = [];
    if (thinking) deltas.push({ content: '', reasoning: thinking });
    if (content !== '' || calls.length > 0 || (deltas.length === 0 && (native['done'] !== true || !this.#begun))) {
      deltas.push({ content, ...(calls.length > 0 && { tool_calls: calls }) });
    }
    const head = this.#head('chat.completion.chunk', native);
    const chunks = deltas.map((delta): Fields => {
      const role = this.#begun ? {} : { role: 'assistant' };
      this.#begun = true;
      return { ...head, choices: [{ index: 0, delta: { ...role, ...delta }, finish_reason: null }] };
    });
    if (native['done'] !== true) return chunks;
    chunks.push({ ...head, choices: [{ index: 0, delta: {}, finish_reason: this.#finish(native) }] });
    if (this.streamsUsage) chunks.push({ ...head, choices: [], usage: usageOf(native) });
    return chunks;
  }

  protected whole(native: Fields): unknown {
    const { content, thinking } = (native['message'] ?? {}) as Fields;
    const calls = this.#toolCalls(native);
    const message = {
      role: 'assistant',
      content,
      ...(thinking ? { reasoning: thinking } : {}),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    const logprobs = native['logprobs'] === undefined ? {} : { logprobs: { content: native['logprobs'] } };
    const choices = [{ index: 0, message, finish_reason: this.#finish(native), ...logprobs }];
    return { ...this.#head('chat.completion', native), choices, usage: usageOf(native) };
  }
}

/** POST /v1/completions */
export class CompletionClient extends OpenAiClient {
  #about(native: Fields): { readonly begin: Fields; readonly end: Fields; readonly choices: readonly Fields[] } {
    const { model = '', response = '', done_reason: reason = null } = native;
    return {
      begin: { id: `cmpl-${this.id}`, object: 'text_completion', created: this.created },
      end: { model, system_fingerprint: 'fp_ollama' },
      choices: [{ text: response, index: 0, finish_reason: reason }],
    };
  }

  protected chunks(native: Fields): readonly Fields[] {
    const { begin, end, choices } = this.#about(native);
    const chunk = { ...begin, choices, ...end };
    if (!this.streamsUsage) return [chunk];
    const counting = { ...chunk, usage: usageOf({}) };
    return native['done'] === true ? [counting, { ...chunk, choices: [], usage: usageOf(native) }] : [counting];
  }

  protected whole(native: Fields): unknown {
    const { begin, end, choices } = this.#about(native);
    return { ...begin, ...end, choices, usage: usageOf(native) };
  }
}

/** POST /v1/embeddings */
export class EmbeddingListClient extends OpenAiClient {
  protected chunks(): readonly Fields[] {
    return [];
  }

  protected whole(native: Fields): unknown {
    const vectors = (native['embeddings'] ?? []) as number[][];
    const { input } = counted(native);
    const base64 = /^base64$/i.test(String(this.asked['encoding_format']));
    const data = vectors.map((vector, index) => ({
      object: 'embedding',
      embedding: base64 ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector,
      index,
    }));
    return { object: 'list', data, model: this.asked['model'], usage: { prompt_tokens: input, total_tokens: input } };
  }
}
