// The routes of Ollama's own dialect that run a model or load it. The work behind them is the same as on every other
// route.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatEvent, isIncomplete, NO_METRICS } from '../../contract/chat/chat.ts';
import { load } from '../../core/stories/models/actions.ts';
import type { EmbedFamily } from '../../core/stories/embeds/embed-group.ts';
import { unloadEverywhere } from '../../core/stories/models/unloading.ts';
import type { Family } from '../../core/ports.ts';
import { placeOf } from '../dialect/queue-place.ts';
import {
  answerWritten,
  bodyOf,
  type DropInParts,
  type Fresh,
  meaningOf,
  vectorsFor,
  type Voice,
  type Writing,
} from '../dialect/drop-in.ts';
import { byProfile } from '../dialect/by-profile.ts';
import { goneSignal, sendJson } from '../dialect/encode.ts';
import { ollamaChunk, ollamaEnd, type OllamaFrame, ollamaWhole } from './ollama-answer.ts';
import type { AskedToWrite } from '../dialect/understood.ts';
import { askedToEmbed, askedToWrite } from './ollama-request.ts';
import { type Handler, handlersWith } from '../wire/handler.ts';
import { requireScope } from '../door/caller.ts';

/** The handlers of Ollama's routes. */
export function ollamaHandlers(parts: DropInParts) {
  const on = handlersWith(parts);
  const write = (family: Family): Handler => {
    const how = writing(parts, family);
    return (...asked) => answerWritten(parts, how, ...asked);
  };
  return {
    '/api/chat': { POST: write('chat') },
    '/api/generate': { POST: write('generate') },
    '/api/embed': { POST: on((...asked) => ollamaEmbed('embed', ...asked)) },
    '/api/embeddings': { POST: on((...asked) => ollamaEmbed('embeddings', ...asked)) },
  };
}

/** Ollama's error message for an empty body on its own routes. */
const NO_BODY = 'missing request body';

function ollamaVoice(frame: OllamaFrame): Voice {
  return {
    whole: (completion) => ollamaWhole(completion, frame),
    stream: () => {
      let held: (ChatEvent & { type: 'piece' }) | undefined;
      const write = (event: ChatEvent): string => {
        if (event.type === 'waiting') return '';
        if (event.type === 'end') return isIncomplete(event.end) ? '' : line(ollamaEnd(event.end, held?.piece, frame));
        if (event.piece.last !== true) return line(ollamaChunk(event.piece, frame));
        held = event;
        return '';
      };
      // JSON parsers ignore a space before an object.
      return { headers: NDJSON, write, beat: ' ' };
    },
  };
}

const NDJSON = { 'Content-Type': 'application/x-ndjson' };

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** POST /api/chat and /api/generate. */
function writing(parts: DropInParts, family: Family): Writing<AskedToWrite> {
  const frameOf = (model: string, { now }: Pick<Fresh, 'now'>): OllamaFrame => ({ family, model, now });
  return {
    nothing: NO_BODY,
    read: (body) => askedToWrite(family, body),
    voice: ({ request: { model } }, fresh) => ollamaVoice(frameOf(model, fresh)),
    done: async ({ what, request: { model } }, res, req) => {
      if (what !== 'unload') return false;
      requireScope(req, 'manage');
      await unloadEverywhere(parts.machines, model, goneSignal(res));
      sendJson(res, 200, ollamaEnd(UNLOADED, undefined, frameOf(model, parts.clock)));
      return true;
    },
  };
}

const UNLOADED = { created_at: '', done_reason: 'unload', metrics: NO_METRICS };

/** POST /api/embed and the legacy /api/embeddings. */
async function ollamaEmbed(
  family: EmbedFamily,
  parts: DropInParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const bytes = await bodyOf(parts, req);
  const asked = meaningOf(bytes, NO_BODY, (body) => askedToEmbed(family, body));
  const { model } = asked.request;
  // Without a text the model is only loaded.
  if (asked.texts.length === 0) {
    const meant = byProfile(asked, parts.config().models);
    const urgency = placeOf(req, { ...meant, stream: false }, parts.config());
    const gone = goneSignal(res);
    const machine = await parts.machines.route({ model: meant.request.model, to: 'embed' }, gone);
    await load(machine, { request: meant.request, lane: 'embed', caller: urgency.caller, urgency }, gone);
    sendJson(res, 200, family === 'embed' ? { model, embeddings: [] } : { embedding: [] });
    return;
  }
  const { answer, headers } = await vectorsFor(parts, req, res, { said: asked, bytes });
  const { vectors, totalDuration, loadDuration, tokens } = answer;
  const body =
    family === 'embeddings'
      ? { embedding: vectors[0] ?? [] }
      : {
          model,
          embeddings: vectors,
          ...(totalDuration > 0 ? { total_duration: totalDuration } : {}),
          ...(loadDuration > 0 ? { load_duration: loadDuration } : {}),
          ...(tokens > 0 ? { prompt_eval_count: tokens } : {}),
        };
  sendJson(res, 200, body, headers);
}
