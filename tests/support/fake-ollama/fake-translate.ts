// What the fake Ollama's foreign dialects have in common: as Ollama's middleware does it, a request is rewritten into the native
// form, the native answer is rewritten on its way out, and what goes wrong in the middle of a stream is lost.
import type { Fields } from './fake-decode.ts';
import { Client, goJson } from './fake-wire.ts';

/** Stands where the native client stands and writes another dialect. */
export abstract class TranslatingClient extends Client {
  /** Seconds since 1970. */
  protected readonly created = Math.trunc(Date.now() / 1000);
  #rest = '';

  protected get asked(): Fields {
    return this.call.body ?? {};
  }

  /** The body of an error answer. */
  protected abstract refusal(status: number, message: string): unknown;
  /** A whole native answer in this dialect. */
  protected abstract whole(native: Fields): unknown;
  /** One native line as events: the text after `data: `, with the event's name before it where the dialect has names. */
  protected abstract events(native: Fields): readonly Event[];

  override error(status: number, message: string): void {
    const body = goJson(this.refusal(status, message));
    // What the middleware itself refuses goes out another way than what it translates.
    if (this.call.native === undefined) this.send(status, 'application/json; charset=utf-8', body);
    else this.send(status, 'application/json', `${body}\n`);
  }

  override json(_status: number, value: unknown): void {
    // What is one object on a native route, as the answer to a load, is the only line of a stream here.
    if (this.call.native?.['stream'] === true) void this.#stream(value);
    else this.send(200, 'application/json', `${goJson(this.whole(value as Fields))}\n`);
  }

  async #stream(line: unknown): Promise<void> {
    await this.write('', `${goJson(line)}\n`);
    this.end('done');
  }

  override async write(_type: string, bytes: string | Buffer): Promise<void> {
    const lines = `${this.#rest}${bytes.toString()}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const native = readLine(line);
      // The middleware gives up without a word (server/routes.go, streamResponse: w.Write failed).
      if (native === undefined) return this.end('error');
      for (const event of this.events(native)) await this.event(event);
    }
  }

  protected async event({ name, data }: Event): Promise<void> {
    const text = typeof data === 'string' ? data : goJson(data);
    await super.write('text/event-stream', `${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`);
  }
}

function readLine(line: string): Fields | undefined {
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
}

export interface Event {
  readonly name?: string;
  /** A text is sent as it is. */
  readonly data: unknown;
}

/** Random hexadecimal digits, for ids. */
export const hex = (digits: number): string =>
  Array.from({ length: digits }, () => Math.trunc(Math.random() * 16).toString(16)).join('');

/** A native message's tool calls. */
export interface NativeCall {
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: unknown };
}

export const callsIn = (native: Fields): readonly NativeCall[] =>
  ((native['message'] ?? {}) as { readonly tool_calls?: readonly NativeCall[] }).tool_calls ?? [];

/** How many tokens went in and came out, as a final chunk tells it. */
export const counted = (native: Fields): { readonly input: number; readonly output: number } => ({
  input: Number(native['prompt_eval_count'] ?? 0),
  output: Number(native['eval_count'] ?? 0),
});
