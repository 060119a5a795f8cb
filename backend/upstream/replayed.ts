// Stands in for Ollama while a recording is replayed: it lists the models of the recording, and nothing runs. Clients
// that list models before they ask find them, and no connection is made.
import { AppError } from '../contract/errors.ts';
import { canonicalName } from '../contract/model-name.ts';
import { sentence, quotation } from '../contract/sentence.ts';
import type { InstalledModel, ReadConfig, Relay, RelayAnswer, RelayRequest, Upstream } from '../core/ports.ts';
import { installedOf, REPLAYED_VERSION } from '../core/recordings/recorded-models.ts';
import type { Recordings } from '../core/recordings/recordings.ts';

export interface ReplayedOptions {
  readonly config: ReadConfig;
  recordings(): Pick<Recordings, 'models'>;
}

/** Ollama, or its stand-in while cache.mode is "replay". */
export function unlessReplayed(ollama: Upstream, options: ReplayedOptions): Upstream {
  const replayed = replayedUpstream(options);
  const now = (): Upstream => (isReplaying(options) ? replayed : ollama);
  return {
    chat: (...asked) => now().chat(...asked),
    generate: (...asked) => now().generate(...asked),
    embed: (...asked) => now().embed(...asked),
    embeddings: (...asked) => now().embeddings(...asked),
    modelfile: (...asked) => now().modelfile(...asked),
    load: (...asked) => now().load(...asked),
    unload: (...asked) => now().unload(...asked),
    pull: (...asked) => now().pull(...asked),
    remove: (...asked) => now().remove(...asked),
    tags: (...asked) => now().tags(...asked),
    ps: (...asked) => now().ps(...asked),
    version: (...asked) => now().version(...asked),
  };
}

/** The relay, or its stand-in while cache.mode is "replay". */
export function relayUnlessReplayed(relay: Relay, options: ReplayedOptions): Relay {
  return {
    forward: async (request, signal) =>
      isReplaying(options) ? await answerTo(request, installed(options)) : await relay.forward(request, signal),
  };
}

function isReplaying({ config }: ReplayedOptions): boolean {
  return config().cache.mode === 'replay';
}

function installed({ recordings }: ReplayedOptions): InstalledModel[] {
  return recordings().models().map(installedOf);
}

function replayedUpstream(options: ReplayedOptions): Upstream {
  const runsNothing = async (): Promise<never> => {
    throw new AppError('not_cached', 'Hearth replays a recording, so no model runs.');
  };
  const changesNothing = async (): Promise<never> => {
    throw new AppError('not_cached', 'Hearth replays a recording, so the models stay as they are.');
  };
  return {
    chat: runsNothing,
    generate: runsNothing,
    embed: runsNothing,
    embeddings: runsNothing,
    modelfile: async () => ({ parameters: new Map(), weights: undefined }),
    load: async () => undefined,
    unload: async () => undefined,
    pull: changesNothing,
    remove: changesNothing,
    tags: async () => installed(options),
    ps: async () => [],
    version: async () => REPLAYED_VERSION,
  };
}

/** Answers lookups in Ollama's form. Throws not_cached for everything else. */
async function answerTo({ method, path, body }: RelayRequest, models: readonly InstalledModel[]): Promise<RelayAnswer> {
  const route = `${method === 'HEAD' ? 'GET' : method} ${path.replace(/\?.*$/s, '')}`;
  switch (route) {
    case 'GET /':
      return answer(200, 'text/plain; charset=utf-8', 'Ollama is running');
    case 'GET /api/version':
      return json(200, { version: REPLAYED_VERSION });
    case 'GET /api/ps':
      return json(200, { models: [] });
    case 'GET /api/tags':
      return json(200, { models: models.map(({ remote: _remote, ...model }) => ({ ...model, model: model.name })) });
    case 'POST /api/show':
      return shown(await textOf(body), models);
    default:
      throw new AppError('not_cached', sentence`Hearth replays a recording, and ${quotation(route)} is not in one.`);
  }
}

function shown(body: string, models: readonly InstalledModel[]): RelayAnswer {
  const asked = fieldsOf(body);
  const name = [asked['model'], asked['name']].find((each): each is string => typeof each === 'string' && each !== '');
  const model = models.find((each) => each.name === canonicalName(name ?? ''));
  if (model === undefined) return json(404, { error: `model '${name ?? ''}' not found` });
  const { details, capabilities, modified_at } = model;
  return json(200, { modelfile: '', parameters: '', template: '', details, model_info: {}, capabilities, modified_at });
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function textOf(body: RelayRequest['body']): Promise<string> {
  if (body === null) return '';
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function json(status: number, body: unknown): RelayAnswer {
  return answer(status, 'application/json; charset=utf-8', JSON.stringify(body));
}

function answer(status: number, type: string, text: string): RelayAnswer {
  const bytes = Buffer.from(text);
  const body = (async function* () {
    yield bytes;
  })();
  return { status, headers: { 'content-type': type, 'content-length': String(bytes.length) }, body };
}
