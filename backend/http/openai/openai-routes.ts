// The routes of OpenAI's dialect. The work behind them is the same as on Ollama's own routes; only the form differs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatEvent, isEmptyPiece, isIncomplete } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import { meantModel, withProfiles } from '../../core/models/profiles.ts';
import { noSuchModel } from '../../core/models/names.ts';
import type { EmbedAnswer } from '../../core/stories/embeds/embedder.ts';
import {
  answerWritten,
  bodyOf,
  type DropInParts,
  meaningOf,
  vectorsFor,
  type Voice,
  type Writing,
} from '../dialect/drop-in.ts';
import { goneSignal, OPENAI_JSON_TYPE, sendJson } from '../dialect/encode.ts';
import { type AnswerLine, lineEmbedded, type LineParts, lineWritten, meaningOfLine } from '../dialect/offline-line.ts';
import { COMMENT, FOREIGN_SSE } from '../dialect/stream.ts';
import { type Handler, handlersWith } from '../wire/handler.ts';
import {
  chatCompletion,
  ChatCompletionStream,
  CompletionStream,
  embeddingList,
  modelEntry,
  modelList,
  type OpenAiFrame,
  textCompletion,
} from './openai-answer.ts';
import {
  chatFromOpenAi,
  completionFromOpenAi,
  embeddingsFromOpenAi,
  type OpenAiAsked,
  type OpenAiEmbedAsked,
} from './openai-request.ts';

/** The handlers of OpenAI's routes. */
export function openAiHandlers(parts: DropInParts) {
  const on = handlersWith(parts);
  const write = (form: keyof typeof FORMS): Handler => {
    const how = writing(form);
    return (...asked) => answerWritten(parts, how, ...asked);
  };
  return {
    '/v1/chat/completions': { POST: write('chat') },
    '/v1/completions': { POST: write('completion') },
    '/v1/embeddings': { POST: on(openAiEmbed) },
    '/v1/models': { GET: on(openAiModels) },
    '/v1/models/:name': { GET: on(openAiModel) },
  };
}

/** The functions that answer lines of batches for these routes. */
export function openAiLines(parts: LineParts) {
  const write = (form: keyof typeof FORMS): AnswerLine => {
    const how = writing(form);
    return (...asked) => lineWritten(parts, how, ...asked);
  };
  const embed: AnswerLine = async (line, signal) => {
    const asked = meaningOfLine(line, NO_BODY, embeddingsFromOpenAi);
    return { body: vectorsAsAsked(asked, await lineEmbedded(parts, asked, line, signal)) };
  };
  return {
    '/v1/chat/completions': write('chat'),
    '/v1/completions': write('completion'),
    '/v1/embeddings': embed,
  };
}

/** Ollama's error message for an empty body on these routes. */
const NO_BODY = 'EOF';

/** The two forms of generated text on these routes. */
const FORMS = {
  chat: { read: chatFromOpenAi, whole: chatCompletion, Stream: ChatCompletionStream },
  completion: { read: completionFromOpenAi, whole: textCompletion, Stream: CompletionStream },
} as const;

/** POST /v1/chat/completions and /v1/completions. */
function writing(form: keyof typeof FORMS): Writing<OpenAiAsked> {
  const { read, whole, Stream } = FORMS[form];
  return {
    nothing: NO_BODY,
    read,
    formOf: ({ includeUsage }) => (includeUsage ? 'usage' : ''),
    voice: ({ request: { model }, includeUsage }, { id, seconds: created }): Voice => {
      const frame: OpenAiFrame = { id, created, model, includeUsage };
      return {
        headers: JSON_HEADERS,
        whole: (completion) => whole(completion, frame),
        stream: () => {
          const stream = new Stream(frame);
          const write = (event: ChatEvent): string => {
            if (event.type === 'waiting') return '';
            if (event.type === 'piece') return isEmptyPiece(event.piece) ? '' : events(stream.piece(event.piece));
            if (isIncomplete(event.end)) return '';
            return `${events(stream.end(event.end))}data: [DONE]\n\n`;
          };
          return { headers: FOREIGN_SSE, write, beat: COMMENT };
        },
      };
    },
  };
}

const JSON_HEADERS = { 'Content-Type': OPENAI_JSON_TYPE };

function events(chunks: readonly object[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
}

/** POST /v1/embeddings. */
async function openAiEmbed(parts: DropInParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const bytes = await bodyOf(parts, req);
  const asked = meaningOf(bytes, NO_BODY, embeddingsFromOpenAi);
  const { answer, headers } = await vectorsFor(parts, req, res, { said: asked, bytes });
  sendJson(res, 200, vectorsAsAsked(asked, answer), { ...headers, ...JSON_HEADERS });
}

function vectorsAsAsked({ encoding, request: { model } }: OpenAiEmbedAsked, { vectors, tokens }: EmbedAnswer) {
  return embeddingList(vectors, { model, encoding, tokens });
}

/** GET /v1/models. */
async function openAiModels(parts: DropInParts, _req: IncomingMessage, res: ServerResponse): Promise<void> {
  const installed = await parts.machines.tags(goneSignal(res));
  sendJson(res, 200, modelList(withProfiles(installed, parts.config().models)), JSON_HEADERS);
}

/** GET /v1/models/:id. The name is echoed as spelled; it may contain slashes, as names of other registries do. */
async function openAiModel(parts: DropInParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const name = decoded((req.url ?? '').replace(/\?.*$/s, '').slice('/v1/models/'.length));
  const model = await parts.machines.watch.resolve(meantModel(parts.config().models, name), goneSignal(res));
  if (model === undefined) {
    // If the list is unknown, Ollama's own error explains why.
    throw noSuchModel(name, parts.machines.watch.currentList ?? (await parts.machines.tags(goneSignal(res))), 'show');
  }
  sendJson(res, 200, modelEntry({ ...model, name }), JSON_HEADERS);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new AppError('invalid_request', 'The path is not valid percent-encoding.', { cause: error });
  }
}
