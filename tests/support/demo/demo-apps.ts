// What the apps of the demo send: the requests that were recorded of the real ones (tests/data/traffic), with their headers
// and shapes, and with another question in them. Texts that the recording gives by their length alone are filled up to it.
import { sentBy, type Sent } from '../traffic.ts';

type Json = Readonly<Record<string, unknown>>;

/** A request, and what is said of it on the terminal. */
export interface AppRequest {
  readonly app: string;
  readonly about: string;
  readonly sent: Sent;
}

const INSTRUCTIONS =
  'Answer in plain words. Say what you know and what you do not. Use the tools you have been given when they help, one at a ' +
  'time, and look at what came of each before you take the next. Keep to the question; when it is about code, quote the line. ';

/** So many characters of instructions, as apps send them. */
export const instructions = (length: number): string =>
  INSTRUCTIONS.repeat(Math.ceil(length / INSTRUCTIONS.length)).slice(0, length);

/** Puts text where the recording has a length, and an id where it has none. */
function filled(value: unknown): unknown {
  if (typeof value === 'string') {
    return value
      .replaceAll(/<text, (\d+) characters>/g, (_all, length: string) => instructions(Number(length)))
      .replaceAll('<id>', '6a1f0c2e-demo');
  }
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner)]));
}

/** The request with that number in an app's recording, from 1, with other fields in its body. */
function recorded(app: string, number: number, change: Json, headers: Readonly<Record<string, string>> = {}): Sent {
  const sent = sentBy(app)[number - 1];
  if (sent === undefined || typeof sent.body === 'string')
    throw new Error(`${app} has no request ${number} with a body`);
  const filledHeaders = filled(sent.headers) as Record<string, string>;
  return { ...sent, headers: { ...filledHeaders, ...headers }, body: { ...(filled(sent.body) as Json), ...change } };
}

const user = (content: string): Json => ({ role: 'user', content });

/** Open WebUI, with the two headers in its connection that docs/queue-rules.md recommends. */
function webui(number: number, who: string, task: string, change: Json): Sent {
  const headers = { 'x-openwebui-user-id': who, ...(task !== '' && { 'x-openwebui-task': task }) };
  return recorded('open-webui', number, change, headers);
}

export interface Chat {
  readonly model: string;
  readonly content: string;
  readonly system?: string;
}

export const openWebui = {
  chat: (who: string, { model, content, system }: Chat): AppRequest => ({
    app: `Open WebUI, ${who}`,
    about: content,
    sent: webui(4, who, '', {
      model,
      messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), user(content)],
    }),
  }),
  title: (who: string, model: string, about: string): AppRequest => ({
    app: `Open WebUI, ${who}`,
    about: 'a title for that chat',
    sent: webui(3, who, 'title_generation', { model, messages: [user(task('a concise title for the chat', about))] }),
  }),
  tags: (who: string, model: string, about: string): AppRequest => ({
    app: `Open WebUI, ${who}`,
    about: 'tags for that chat',
    sent: webui(5, who, 'tags_generation', { model, messages: [user(task('1-3 broad tags for the chat', about))] }),
  }),
  /** Vectors of a document. */
  embed: (who: string, input: readonly string[]): AppRequest => ({
    app: `Open WebUI, ${who}`,
    about: `the vectors of ${input.length} pages`,
    sent: webui(14, who, '', { input }),
  }),
  remove: (who: string, model: string): AppRequest => ({
    app: `Open WebUI, ${who}`,
    about: `delete ${model}`,
    sent: webui(8, who, '', { model }),
  }),
};

/** As `hearth models pull` and the window ask for it. */
export const download = (model: string): AppRequest => ({
  app: 'hearth models pull',
  about: model,
  sent: {
    method: 'POST',
    url: '/api/pulls',
    headers: { 'content-type': 'application/json', 'user-agent': 'hearth' },
    body: { model },
    status: 202,
  },
});

const task = (what: string, about: string): string =>
  `### Task:\nGenerate ${what}.\n### Chat History:\n<chat_history>\nUSER: ${about}\n</chat_history>`;

export const claudeCode = (model: string, content: string): AppRequest => ({
  app: 'Claude Code',
  about: content,
  sent: recorded('claude-code', 2, {
    model,
    messages: [{ role: 'user', content: [{ type: 'text', text: content }] }],
  }),
});

export const continueDev = (model: string, content: string): AppRequest => ({
  app: 'Continue',
  about: content,
  sent: recorded('continue', 1, { model, messages: [{ role: 'system', content: instructions(507) }, user(content)] }),
});

/** It asks for another context at each turn. */
export const aider = (model: string, content: string, context: number): AppRequest => ({
  app: 'aider',
  about: content,
  sent: recorded('aider', 2, {
    model,
    messages: [{ role: 'system', content: instructions(507) }, user(content)],
    options: { temperature: 0, num_ctx: context },
  }),
});

export const llm = (model: string, content: string): AppRequest => ({
  app: 'llm',
  about: content,
  sent: recorded('llm-ollama', 3, { model, messages: [user(content)] }),
});

export const shellGpt = (model: string, content: string): AppRequest => ({
  app: 'ShellGPT',
  about: content,
  sent: recorded('shell-gpt', 1, { model, messages: [{ role: 'system', content: instructions(375) }, user(content)] }),
});

/** A script with OpenAI's library. */
export const openaiScript = (model: string, content: string): AppRequest => ({
  app: 'a script (openai)',
  about: content,
  sent: recorded('python-sdks', 13, { model, messages: [user(content)] }),
});

/** A script at night with Ollama's library, for which nobody waits. */
export const nightScript = (model: string, prompt: string): AppRequest => {
  const sent = recorded('python-sdks', 8, { model, prompt }, { 'x-queue-priority': 'background' });
  const { suffix: _none, ...body } = sent.body as Json;
  return { app: 'a night script', about: prompt, sent: { ...sent, body } };
};

/** A tab of a page that asks by its own server. */
export const tab = (content: string): AppRequest => ({
  app: 'a tab (Next.js)',
  about: content,
  sent: recorded('ai-sdk', 3, { messages: [user(content)] }),
});
