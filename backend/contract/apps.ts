// The apps of docs/apps.md: how to point each of them at Hearth, and how to recognize their requests. One table: the
// window's page "Connect an app" and that document show the same lines. Texts about an app are with the page's other
// texts. Commands load it at their start, so it loads no package.

/** A program, recognized by how its requests name it. */
export interface Program {
  readonly name: string;
  /** Matches its User-Agent. */
  readonly agent: RegExp;
}

export interface App {
  /** Also the name of its recorded traffic, if there is any (tests/data/traffic). */
  readonly id: string;
  /** A proper name, the same in all languages. */
  readonly name: string;
  /**
   * What to paste, each piece complete in itself. `{gateway}` stands for the address with its scheme, `{openai}` for
   * that of OpenAI's routes, `{model}` for a model and `{key}` for a key; the part between `<<` and `>>` appears only
   * if a key is needed. Empty: the app cannot reach a gateway on this machine.
   */
  readonly paste: readonly string[];
  /** Matches its User-Agent if that does not begin with the app's name. */
  readonly agent?: RegExp;
  /** Set if its requests carry only the name of a library, as those of other programs do. */
  readonly through?: Program;
}

const OLLAMA_PYTHON: Program = { name: 'ollama (Python)', agent: /^ollama-python\//i };
const OPENAI_PYTHON: Program = { name: 'openai (Python)', agent: /^(?:Async)?OpenAI\/Python /i };
const OLLAMA_JS: Program = { name: 'ollama (npm)', agent: /^ollama-js\//i };
/** Its class name, which a bundler may have shortened. */
const OPENAI_JS: Program = { name: 'openai (npm)', agent: /^(?!Anthropic)\w{1,12}\/JS /i };
const AI_SDK: Program = { name: 'AI SDK', agent: /^ai-sdk\//i };
const LITELLM: Program = { name: 'litellm', agent: /^litellm\//i };

const either = (...programs: readonly Program[]): RegExp =>
  new RegExp(programs.map(({ agent }) => agent.source).join('|'), 'i');

/** For clients in JavaScript. */
const BEARER = "headers: { Authorization: 'Bearer {key}' }";

/** The most used apps come first. */
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

/** Libraries whose name is all that is known of some apps. */
const PROGRAMS = [OLLAMA_PYTHON, OPENAI_PYTHON, OLLAMA_JS, OPENAI_JS, AI_SDK, LITELLM];
/** A product with its version, at the start of a User-Agent (RFC 9110, 10.1.5). */
const PRODUCT = /^([\w.+-]+)\/v?\d\S*(?:\s|$)/;

/**
 * The display name of a caller: a User-Agent becomes the app or library that sends it, or its first product without
 * version and system. Names of keys and pages stay as they are.
 */
export function shownCaller(caller: string): string {
  // Libraries first: one library may serve several rows of the table.
  const known = [...PROGRAMS, ...APPS].find(({ agent }) => agent?.test(caller) === true);
  return known?.name ?? PRODUCT.exec(caller)?.[1] ?? caller;
}

/** Whether a name refers to a caller: its raw name, or its display name in any case. */
export function isCalled(caller: string, name: string): boolean {
  return caller === name || shownCaller(caller).toLowerCase() === name.toLowerCase();
}

/** The values filled into the lines of an app. */
export interface Stands {
  readonly gateway: string;
  readonly openai: string;
  readonly model: string;
  /** Undefined if no key is needed. */
  readonly key: string | undefined;
}

/** For clients that require a key when Hearth needs none. */
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
