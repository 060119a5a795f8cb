// The stream of POST /v1/responses: numbered events from created to completed, with Ollama's names and order of fields
// (openai/responses.go). Unlike Ollama's, each item is closed before the next one begins and has an index of its own,
// and reasoning is sent as a part of its item: npm `openai` looks for that part and fails without it.
import type { End, Piece } from '../../contract/chat/chat.ts';
import type { ToolCall } from '../../contract/chat/chat-request.ts';
import type { ResponsesTextFormat } from '../../contract/chat/responses-bodies.ts';
import { ExactJson, jsonText, writeJson } from '../../contract/go/exact-json.ts';
import type { Failure } from '../wire/failures.ts';
import {
  callIdOf,
  callItem,
  endedAs,
  type Fields,
  idOf,
  messageItem,
  type Progress,
  reasoningItem,
  responseObject,
  type ResponsesFrame,
  summaryPart,
  textPart,
} from './responses-answer.ts';

/** The item that is being written. */
interface Open {
  readonly kind: 'reasoning' | 'message';
  text: string;
}

export class ResponsesStream {
  readonly #frame: ResponsesFrame;
  readonly #output: Fields[] = [];
  #open: Open | undefined;
  #calls = 0;
  #number = 0;

  constructor(frame: ResponsesFrame) {
    this.#frame = frame;
  }

  /** The text of the events for a piece. Text after a tool call is dropped, as by Ollama. */
  piece({ thinking, content, tool_calls: calls = [] }: Piece): string {
    let text = this.#begin();
    if (thinking !== '') text += this.#thinks(thinking);
    if (calls.length > 0) text += this.#close() + calls.map((call) => this.#calling(call)).join('');
    else if (content !== '' && this.#calls === 0) text += this.#says(content);
    return text;
  }

  end(end: End): string {
    const status = endedAs(end);
    const last = this.#begin() + this.#close();
    return last + this.#event(`response.${status}`, { response: this.#response({ status, end }) });
  }

  /** The end of a stream that fails: some clients read the first event, some the second. */
  failed({ lastPiece, lastName = '' }: Failure): string {
    const { code, message } = lastPiece;
    const error = { code: code ?? 'server_error', message };
    const failed = this.#event('response.failed', { response: this.#response({ status: 'failed', error }) });
    return failed + eventText(lastName, JSON.stringify({ ...lastPiece, sequence_number: this.#number }));
  }

  #begin(): string {
    if (this.#number > 0) return '';
    const response = this.#response({ status: 'in_progress' });
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  #response(progress: Omit<Progress, 'output'>): unknown {
    const { format, reasoning, tools } = this.#frame.echo;
    return {
      ...responseObject(this.#frame, { ...progress, output: this.#output }),
      text: { format: asItCame(format) },
      // Unlike in a whole answer, missing fields are null.
      reasoning: reasoning && { effort: null, summary: null, ...reasoning },
      tools: tools.map(({ tools: _members, ...tool }) => tool),
    };
  }

  #thinks(delta: string): string {
    const item = (id: string): Fields => ({ id: `rs_${id}`, summary: [], type: 'reasoning' });
    const { open, opening } = this.#in('reasoning', item, () =>
      this.#event('response.reasoning_summary_part.added', { ...this.#place('rs', SUMMARY), part: summaryPart('') }),
    );
    open.text += delta;
    return opening + this.#event('response.reasoning_summary_text.delta', { delta, ...this.#place('rs', SUMMARY) });
  }

  #says(delta: string): string {
    const item = (id: string): Fields => ({
      content: [],
      id: `msg_${id}`,
      role: 'assistant',
      status: 'in_progress',
      type: 'message',
    });
    const { open, opening } = this.#in('message', item, () =>
      this.#event('response.content_part.added', { ...this.#place('msg', CONTENT), part: textPart('') }),
    );
    open.text += delta;
    const said = { content_index: 0, delta, item_id: `msg_${this.#id}`, logprobs: [], output_index: this.#at };
    return opening + this.#event('response.output_text.delta', said);
  }

  /** The open item of a kind, and the events that open it if it is not open yet. */
  #in(kind: Open['kind'], item: (id: string) => Fields, more = (): string => ''): { open: Open; opening: string } {
    if (this.#open?.kind === kind) return { open: this.#open, opening: '' };
    const closing = this.#close();
    const open = (this.#open = { kind, text: '' });
    return { open, opening: closing + this.#added(item(this.#id)) + more() };
  }

  #close(): string {
    if (this.#open === undefined) return '';
    const { kind, text } = this.#open;
    this.#open = undefined;
    if (kind === 'reasoning') {
      const place = this.#place('rs', SUMMARY);
      return (
        this.#event('response.reasoning_summary_text.done', { ...place, text }) +
        this.#event('response.reasoning_summary_part.done', { ...place, part: summaryPart(text) }) +
        this.#done(reasoningItem(this.#id, text))
      );
    }
    const place = this.#place('msg', CONTENT);
    return (
      this.#event('response.output_text.done', { ...place, logprobs: [], text }) +
      this.#event('response.content_part.done', { ...place, part: textPart(text) }) +
      this.#done(messageItem(this.#id, text))
    );
  }

  #calling(call: ToolCall): string {
    const item = callItem(this.#id, call, callIdOf(call, this.#frame, this.#calls++));
    const place = this.#place('fc');
    const given = item['arguments'];
    return (
      this.#added({ ...item, status: 'in_progress', arguments: '' }) +
      this.#event('response.function_call_arguments.delta', { ...place, delta: given }) +
      this.#event('response.function_call_arguments.done', { ...place, arguments: given }) +
      this.#done(item)
    );
  }

  #added(item: Fields): string {
    return this.#event('response.output_item.added', { item, output_index: this.#at });
  }

  #done(item: Fields): string {
    const text = this.#event('response.output_item.done', { item, output_index: this.#at });
    this.#output.push(item);
    return text;
  }

  /** Index of the item that is being written. */
  get #at(): number {
    return this.#output.length;
  }

  get #id(): string {
    return idOf(this.#frame, this.#at);
  }

  #place(prefix: string, within: Fields = {}): Fields {
    return { ...within, item_id: `${prefix}_${this.#id}`, output_index: this.#at };
  }

  #event(type: string, about: Fields): string {
    return eventText(type, inAlphabet({ ...about, sequence_number: this.#number++, type }));
  }
}

const CONTENT = { content_index: 0 };
const SUMMARY = { summary_index: 0 };

/** Text of one event; `data` is JSON. */
function eventText(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** JSON with sorted names, as Go writes a map. */
function inAlphabet(value: unknown): string {
  return writeJson(value, (item) => Object.keys(item).toSorted());
}

/** Keeps the schema as it came. */
function asItCame({ schema, ...format }: ResponsesTextFormat): ResponsesTextFormat {
  return schema === undefined ? format : { ...format, schema: new ExactJson(jsonText(schema)) };
}
