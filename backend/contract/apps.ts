// The apps of docs/apps.md: what points each of them at Hearth, and how their requests are told from others. One table: the
// window's page "Connect an app" and that paper show the same lines. Sentences about an app are with the page's other words.
import { z } from 'zod';

/** A program by how its requests begin to name it. */
export interface Program {
  readonly name: string;
  /** Fits the User-Agent that it sends. */
  readonly agent: RegExp;
}

export interface App {
  /** Also the name of what was recorded of it, where something was (tests/data/traffic). */
  readonly id: string;
  /** A name of its own, the same in all languages. */
  readonly name: string;
  /**
   * What to paste, each piece whole by itself. `{gateway}` stands for the address with its scheme, `{openai}` for that of OpenAI's
   * routes, `{model}` for a model and `{key}` for a key; what is between `<<` and `>>` is there only where a key is needed.
   * Nothing: it cannot reach a gateway on this machine.
   */
  readonly paste: readonly string[];
  /** Fits its User-Agent, where that does not begin with its name. */
  readonly agent?: RegExp;
  /** Its requests bear the name of a library alone, as those of other programs do. */
  readonly through?: Program;
}

const OLLAMA_PYTHON: Program = { name: 'ollama (Python)', agent: /^ollama-python\//i };
const OPENAI_PYTHON: Program = { name: 'openai (Python)', agent: /^(?:Async)?OpenAI\/Python /i };
const OLLAMA_JS: Program = { name: 'ollama (npm)', agent: /^ollama-js\//i };
/** Its class's name, which a bundler may have shortened. */
const OPENAI_JS: Program = { name: 'openai (npm)', agent: /^(?!Anthropic)\w{1,12}\/JS /i };
const AI_SDK: Program = { name: 'AI SDK', agent: /^ai-sdk\//i };
const LITELLM: Program = { name: 'litellm', agent: /^litellm\//i };

const either = (...programs: readonly Program[]): RegExp =>
  new RegExp(programs.map(({ agent }) => agent.source).join('|'), 'i');

/** Of clients in JavaScript. */
const BEARER = "headers: { Authorization: 'Bearer {key}' }";

/** Those that most people use come first. */
export const APPS: readonly App[] = [
  { id: 'open-webui', name: 'Open WebUI', paste: ['OLLAMA_BASE_URL={gateway} open-webui serve'] },
  {
    id: 'claude-code',
    name: 'Claude Code',
    paste: ['export ANTHROPIC_BASE_URL={gateway} ANTHROPIC_AUTH_TOKEN={key}\nclaude --model {model}'],
    agent: /^claude-cli\//i,
  },
  {
    id: 'continue',
    name: 'Continue',
    paste: [
      'models:\n  - name: Hearth\n    provider: openai\n    model: {model}\n    apiBase: {openai}<<\n    apiKey: {key}>>',
    ],
    through: OPENAI_JS,
  },
  { id: 'cline', name: 'Cline', paste: ['{openai}'], through: AI_SDK },
  {
    id: 'opencode',
    name: 'opencode',
    paste: [
      `{
  "provider": {
    "hearth": {
      "npm": "@ai-sdk/openai-compatible",
      "options": { "baseURL": "{openai}"<<, "apiKey": "{key}">> },
      "models": { "{model}": {} }
    }
  }
}`,
    ],
  },
  { id: 'codex', name: 'Codex', paste: ['CODEX_OSS_BASE_URL={openai} codex --oss -m {model}'] },
  {
    id: 'aider',
    name: 'aider',
    paste: ['OLLAMA_API_BASE={gateway}<< OLLAMA_API_KEY={key}>> aider --model ollama_chat/{model}'],
    through: LITELLM,
  },
  {
    id: 'ollama-cli',
    name: 'Ollama CLI',
    paste: ['OLLAMA_HOST={gateway} ollama run {model}'],
    agent: /^ollama\//i,
  },
  {
    id: 'curl',
    name: 'curl',
    paste: [
      `curl {gateway}/api/chat<< -H 'Authorization: Bearer {key}'>> -d '{"model":"{model}","messages":[{"role":"user","content":"Hello"}]}'`,
    ],
  },
  {
    id: 'python-sdks',
    name: 'ollama, openai (Python)',
    paste: [
      `ollama.Client(host='{gateway}'<<, headers={'Authorization': 'Bearer {key}'}>>)`,
      "openai.OpenAI(base_url='{openai}', api_key='{key}')",
    ],
    agent: either(OLLAMA_PYTHON, OPENAI_PYTHON),
  },
  {
    id: 'node-sdks',
    name: 'ollama, openai (npm)',
    paste: [`new Ollama({ host: '{gateway}'<<, ${BEARER}>> })`, "new OpenAI({ baseURL: '{openai}', apiKey: '{key}' })"],
    agent: either(OLLAMA_JS, OPENAI_JS),
  },
  {
    id: 'langchain',
    name: 'LangChain',
    paste: [`new ChatOllama({ baseUrl: '{gateway}', model: '{model}'<<, ${BEARER}>> })`],
    through: OLLAMA_JS,
  },
  {
    id: 'ai-sdk',
    name: 'AI SDK',
    paste: [
      "createOpenAICompatible({ name: 'hearth', baseURL: '{openai}'<<, apiKey: '{key}'>> })",
      `createOllama({ baseURL: '{gateway}/api'<<, ${BEARER}>> })`,
    ],
    agent: AI_SDK.agent,
  },
  {
    id: 'llm-ollama',
    name: 'llm',
    paste: ['OLLAMA_HOST={gateway}<< OLLAMA_API_KEY={key}>> llm -m {model}'],
    through: OLLAMA_PYTHON,
  },
  {
    id: 'shell-gpt',
    name: 'ShellGPT',
    paste: ['API_BASE_URL={openai} OPENAI_API_KEY={key} DEFAULT_MODEL={model} sgpt'],
    through: OPENAI_PYTHON,
  },
  {
    id: 'electron-file',
    name: 'Electron',
    paste: [
      `fetch('{gateway}/api/chat', {\n  method: 'POST',<<\n  ${BEARER},>>\n  body: JSON.stringify({ model: '{model}', messages }),\n})`,
    ],
    agent: /\bElectron\//,
  },
  { id: 'cursor', name: 'Cursor', paste: [] },
];

/** Those by whose name alone some apps are known. */
const PROGRAMS = [OLLAMA_PYTHON, OPENAI_PYTHON, OLLAMA_JS, OPENAI_JS, AI_SDK, LITELLM];
/** A product with its version, as a User-Agent begins (RFC 9110, 10.1.5). */
const PRODUCT = /^([\w.+-]+)\/v?\d\S*(?:\s|$)/;

/**
 * A caller as people know it: a User-Agent by the app or library that sends it, or by its first product without version and
 * system. Every other name, of a key or a page, is itself.
 */
export function shownCaller(caller: string): string {
  // Libraries first: a row of the table may stand for several.
  const known = [...PROGRAMS, ...APPS].find(({ agent }) => agent?.test(caller) === true);
  return known?.name ?? PRODUCT.exec(caller)?.[1] ?? caller;
}

/** Whether a caller is meant by a name: its own, or the one that people know it by, in small or capital letters. */
export function isCalled(caller: string, name: string): boolean {
  return caller === name || shownCaller(caller).toLowerCase() === name.toLowerCase();
}

/** What stands for a gateway in the lines of an app. */
export interface Stands {
  readonly gateway: string;
  readonly openai: string;
  readonly model: string;
  /** Undefined where none is needed. */
  readonly key: string | undefined;
}

/** Where a client wants some key, and Hearth none. */
const ANY_KEY = 'any';

/** The pieces to paste for a gateway. */
export function pasteOf({ paste }: App, { key, ...stands }: Stands): readonly string[] {
  const values = { ...stands, key: key ?? ANY_KEY };
  return paste.map((text) =>
    text
      .replaceAll(/<<([^]*?)>>/g, key === undefined ? '' : '$1')
      .replaceAll(/\{(gateway|openai|model|key)\}/g, (_, name: keyof typeof values) => values[name]),
  );
}

/** That requests of an app came. */
export const appSeenSchema = z.object({
  /** Of a row of APPS. */
  id: z.string(),
  /** When the newest came. ISO 8601 in UTC. */
  at: z.string(),
  /** The library by whose name alone they are known; others may have sent them. */
  through: z.string().optional(),
});
export type AppSeen = z.infer<typeof appSeenSchema>;
