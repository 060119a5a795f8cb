// What docs/apps.md says of apps: the lines to paste are those of the window's page "Connect an app", and the table is made of
// facts about those whose requests were recorded (tests/data/traffic). tests/behaviour/dialects/real-apps.test.ts sends them
// again and compares what becomes of them.
import { APPS, pasteOf } from '../../backend/contract/apps.ts';
import { table } from '../../backend/contract/config/config-docs.ts';
import { saidOf } from '../../words/app-words.ts';

export interface AppFacts {
  /** The name of its recording, and its id in the table of apps. */
  readonly app: string;
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
    asks: { 1: 'turn', 2: 'turn', 3: 'turn', 4: 'turn', 5: 'turn', 6: 'turn', 7: 'turn', 12: 'turn' },
    cached: [],
    background: [],
  },
  {
    app: 'claude-code',
    asks: { 2: 'turn' },
    cached: [],
    background: [],
  },
  {
    app: 'opencode',
    asks: { 1: 'title', 2: 'turn' },
    cached: [],
    background: ['title'],
  },
  {
    app: 'cline',
    asks: { 1: 'turn' },
    cached: [],
    background: [],
  },
  {
    app: 'continue',
    asks: { 1: 'chat' },
    cached: ['chat'],
    background: [],
  },
  {
    app: 'aider',
    asks: { 2: 'turn' },
    cached: ['turn'],
    background: [],
  },
  {
    app: 'llm-ollama',
    asks: { 3: 'chat', 4: 'embed' },
    cached: ['chat', 'embed'],
    background: [],
  },
  {
    app: 'shell-gpt',
    asks: { 1: 'chat' },
    cached: ['chat'],
    background: [],
  },
  {
    app: 'python-sdks',
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
    asks: { 1: 'chat at temperature 0', 2: 'chat at temperature 0', 3: 'own route', 4: 'own route', 5: 'own route' },
    cached: ['chat at temperature 0', 'own route'],
    background: [],
  },
  {
    app: 'electron-file',
    asks: { 2: 'chat' },
    cached: [],
    background: [],
  },
];

/** The table of docs/apps.md, in the order of the window. */
export function appsTable(): string {
  const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));
  const rows = APPS.flatMap(({ id, name }) => {
    const facts = APP_FACTS.find(({ app }) => app === id);
    return facts === undefined ? [] : [[name, listed(facts.cached), listed(facts.background)]];
  });
  return table(['App', 'Kept', 'Background'], rows);
}

/** What the paper fills into the lines. */
const STANDS = {
  gateway: 'http://127.0.0.1:8080',
  openai: 'http://127.0.0.1:8080/v1',
  model: 'llama3.2',
  key: undefined,
};

/** What docs/apps.md has to paste, as the window has it. */
export function appLines(): string {
  return APPS.flatMap((app) => {
    const { where, more } = saidOf(app.id);
    return [
      `**${app.name}**`,
      ...(where === undefined ? [] : [where]),
      ...pasteOf(app, STANDS).map((text) => `\`\`\`\n${text}\n\`\`\``),
      ...(more === undefined ? [] : [more]),
    ];
  }).join('\n\n');
}
