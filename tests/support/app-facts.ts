// What docs/apps.md says of the apps whose requests were recorded (tests/data/traffic): the table is made of these facts, and
// tests/behaviour/dialects/real-apps.test.ts sends the requests again and compares what becomes of them.
import { code, table } from '../../backend/contract/config/config-docs.ts';

export interface AppFacts {
  /** The name of its recording. */
  readonly app: string;
  readonly name: string;
  /** Where the lines belong; in a shell, or in the program's own code, when it is not said. */
  readonly where?: string;
  /** What points it at Hearth. */
  readonly paste: readonly string[];
  /** What it asks a model for, by the number of the request in its recording, from 1. */
  readonly asks: Readonly<Record<number, string>>;
  /** Of these, what is answered by a kept answer when it is asked again, with the settings as they come. */
  readonly cached: readonly string[];
  /** Of these, what gives way to people. */
  readonly background: readonly string[];
}

export const APP_FACTS: readonly AppFacts[] = [
  {
    app: 'open-webui',
    name: 'Open WebUI',
    paste: ['OLLAMA_BASE_URL=http://127.0.0.1:8080 open-webui serve'],
    asks: {
      3: 'title',
      4: 'chat',
      5: 'tags and follow-ups',
      11: 'generate',
      12: 'chat',
      14: 'embed',
      17: 'autocomplete',
    },
    cached: ['embed'],
    background: ['title', 'tags and follow-ups', 'autocomplete'],
  },
  {
    app: 'codex',
    name: 'Codex',
    paste: ['CODEX_OSS_BASE_URL=http://127.0.0.1:8080/v1 codex --oss -m llama3.2'],
    asks: { 1: 'turn', 2: 'turn', 3: 'turn', 4: 'turn', 5: 'turn', 6: 'turn', 7: 'turn', 12: 'turn' },
    cached: [],
    background: [],
  },
  {
    app: 'claude-code',
    name: 'Claude Code',
    paste: ['export ANTHROPIC_BASE_URL=http://127.0.0.1:8080 ANTHROPIC_AUTH_TOKEN=any', 'claude --model llama3.2'],
    asks: { 2: 'turn' },
    cached: [],
    background: [],
  },
  {
    app: 'opencode',
    name: 'opencode',
    where: 'for a provider in `opencode.json`',
    paste: [
      '"npm": "@ai-sdk/openai-compatible"',
      '"options": { "baseURL": "http://127.0.0.1:8080/v1" }',
      '"models": { "llama3.2": {} }',
    ],
    asks: { 1: 'title', 2: 'turn' },
    cached: [],
    background: ['title'],
  },
  {
    app: 'cline',
    name: 'Cline',
    where: 'in its settings',
    paste: ['API Provider: OpenAI Compatible', 'Base URL: http://127.0.0.1:8080/v1'],
    asks: { 1: 'turn' },
    cached: [],
    background: [],
  },
  {
    app: 'continue',
    name: 'Continue',
    where: 'for a model in `~/.continue/config.yaml`',
    paste: ['provider: openai', 'apiBase: http://127.0.0.1:8080/v1'],
    asks: { 1: 'chat' },
    cached: ['chat'],
    background: [],
  },
  {
    app: 'aider',
    name: 'aider',
    paste: ['OLLAMA_API_BASE=http://127.0.0.1:8080 aider --model ollama_chat/llama3.2'],
    asks: { 2: 'turn' },
    cached: ['turn'],
    background: [],
  },
  {
    app: 'llm-ollama',
    name: 'llm (Python)',
    paste: ['OLLAMA_HOST=http://127.0.0.1:8080 llm -m llama3.2'],
    asks: { 3: 'chat', 4: 'embed' },
    cached: ['chat', 'embed'],
    background: [],
  },
  {
    app: 'shell-gpt',
    name: 'ShellGPT',
    paste: ['API_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=any DEFAULT_MODEL=llama3.2 sgpt'],
    asks: { 1: 'chat' },
    cached: ['chat'],
    background: [],
  },
  {
    app: 'python-sdks',
    name: 'ollama and openai (Python)',
    paste: [
      "ollama.Client(host='http://127.0.0.1:8080')",
      "openai.OpenAI(base_url='http://127.0.0.1:8080/v1', api_key='any')",
    ],
    asks: {
      4: 'chat at temperature 0',
      5: 'chat at temperature 0',
      6: 'chat',
      7: 'embed',
      8: 'generate at temperature 0',
      13: 'chat at temperature 0',
      14: 'chat at temperature 0',
      15: 'chat at temperature 0',
      16: 'embed',
      17: 'completion',
      18: 'response',
    },
    cached: ['chat at temperature 0', 'embed', 'generate at temperature 0'],
    background: [],
  },
  {
    app: 'ai-sdk',
    name: 'AI SDK, Next.js',
    paste: [
      "createOpenAICompatible({ name: 'hearth', baseURL: 'http://127.0.0.1:8080/v1' })",
      "createOllama({ baseURL: 'http://127.0.0.1:8080/api' })",
    ],
    asks: { 1: 'chat at temperature 0', 2: 'chat at temperature 0', 3: 'own route', 4: 'own route', 5: 'own route' },
    cached: ['chat at temperature 0', 'own route'],
    background: [],
  },
  {
    app: 'electron-file',
    name: 'A page of an Electron app',
    paste: ["fetch('http://127.0.0.1:8080/api/chat', …)"],
    asks: { 2: 'chat' },
    cached: [],
    background: [],
  },
];

/** The table of docs/apps.md. */
export function appsTable(): string {
  const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));
  const pasted = ({ where, paste }: AppFacts): string =>
    (where === undefined ? '' : `${where}:<br>`) + paste.map(code).join('<br>');
  return table(
    ['App', 'To paste', 'Kept', 'Background'],
    APP_FACTS.map((app) => [app.name, pasted(app), listed(app.cached), listed(app.background)]),
  );
}
