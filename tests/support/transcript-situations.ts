// The setting of each recorded exchange: which models the real Ollama had, what was loaded or there before, what the model
// said, and, for the few whose request or answer was not recorded whole, what stands in for it.
import type { FakeModel, FakeOllama } from './fake-ollama/fake-ollama.ts';
import { ask, saidIn, transcripts } from './transcripts.ts';
import type { Question, Transcript } from './transcripts.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What has to be so before a request is sent again, and what can be compared of its answer. */
export interface Situation {
  readonly question: Question;
  before(fake: FakeOllama): Promise<void>;
  /** Cuts an answer that was not recorded whole down to what can be compared. */
  readonly onlyBeginning?: (text: string) => string;
}

/** The models of the real one, as its own list names them, and the one that embeds, which was made later. */
export function recordedModels(): readonly FakeModel[] {
  const { models } = JSON.parse(recorded('tags').reply.text) as { readonly models: readonly Fields[] };
  const { parameters, template, system } = shown();
  const listed = models.map((model): FakeModel => {
    const details = model['details'] as Fields & { readonly parent_model: string };
    const name = String(model['name']);
    return {
      name,
      digest: String(model['digest']),
      weights: details.parent_model.slice(-64),
      size: Number(model['size']),
      capabilities: model['capabilities'] as readonly string[],
      details,
      template,
      ...(name === 'smollm2-b:latest' && { parameters, system }),
    };
  });
  return listed;
}

/** Made by `FROM` another file with an embedding architecture. */
const EMBEDDER: FakeModel = {
  name: 'smollm2-e',
  capabilities: ['embedding'],
  details: { context_length: 2048, embedding_length: 576 },
};

function recorded(name: string): Transcript {
  const found = transcripts().find((each) => each.name === name);
  if (found === undefined) throw new Error(`no transcript ${name}`);
  return found;
}

/** Modelfile of the one model that was shown. */
function shown(): { parameters: Record<string, string | number | string[]>; template: string; system: string } {
  const { text } = recorded('show').reply;
  const { parameters, ...rest } = JSON.parse(`${text.slice(0, text.indexOf(',"details"'))}}`) as Record<
    'parameters' | 'template' | 'system',
    string
  >;
  const values: Record<string, string | number | string[]> = {};
  for (const line of parameters.split('\n')) {
    const [name = '', ...words] = line.split(/\s+/);
    const value = JSON.parse(words.join(' ')) as string | number;
    // Many files name it, so it is a list.
    values[name] = name === 'stop' ? [...((values[name] ?? []) as string[]), String(value)] : value;
  }
  return { ...rest, parameters: values };
}

/** What these need to be there. */
const INSTALLED: Readonly<Record<string, string>> = { delete: 'smollm2-copy', create_del: 'smollm2-c' };

const LONG = (words: number): string => 'word '.repeat(words);
const chat = (more: Fields): string => JSON.stringify({ model: 'smollm2', ...more });
const story = { messages: [{ role: 'user', content: 'Tell me a story' }] };
const tree = { messages: [{ role: 'user', content: 'Repeat the emoji 🌳' }] };

/** Requests that were not recorded, or not whole. */
const BODIES: Readonly<Record<string, string>> = {
  chat_toolong_noshift: chat({
    messages: [{ role: 'user', content: LONG(3000) }],
    options: { num_ctx: 2048 },
    truncate: false,
    shift: false,
    stream: false,
  }),
  embed_toolong: JSON.stringify({ model: 'smollm2-e', input: LONG(9000), truncate: false }),
  v1_repeat_abort_stream_true: chat({ ...tree, stream: true }),
  v1_repeat_abort_stream_false: chat({ ...tree, stream: false }),
  runner_killed_chat: chat({ ...story, stream: true }),
  runner_killed_chatjson: chat({ ...story, stream: false }),
  runner_killed_v1: chat({ ...story, stream: true }),
  // This answer was whole before its runner was killed: an ordinary one.
  runner_killed_v1json: chat({ ...story, stream: false }),
};

export function situationOf(transcript: Transcript): Situation {
  const { name, method, path, reply } = transcript;
  const body = BODIES[name] ?? transcript.body;
  return {
    question: { method, path, ...(body !== undefined && { body }) },
    async before(fake) {
      if (/smollm2-e"/.test(body ?? '')) fake.install(EMBEDDER);
      const needed = INSTALLED[name];
      if (needed !== undefined) fake.install({ name: needed });
      // That server was started with this context length.
      if (name === 'ps_loaded')
        await ask(fake.url, { method: 'POST', path: '/api/chat', body: chat({ options: { num_ctx: 2048 } }) });
      if (name.includes('repeat_abort')) fake.next({ pieces: Array.from({ length: 100 }, () => '🌳') });
      else if (name === 'runner_killed_v1json' || !name.startsWith('runner_killed')) {
        if (reply.status === 200 && !transcript.cut) fake.next(saidIn(transcript));
      } else {
        const said = saidIn(transcript).pieces ?? [];
        const pieces = said.length > 0 ? said : ['Once'];
        fake.next({ pieces, pauseAfter: { pieces: pieces.length, until: killed(fake, pieces.length) } });
      }
    },
    ...(transcript.cut && { onlyBeginning: (text: string) => text.replace(/"model_info".*$/s, '') }),
  };
}

/** Kills the runner as soon as the answer has come so far. */
async function killed(fake: FakeOllama, pieces: number): Promise<void> {
  await fake.until(({ calls }) => calls.some((call) => call.pieces >= pieces));
  fake.killRunner();
  return new Promise(() => undefined);
}
