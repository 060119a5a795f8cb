// docs/apps.md is true where it goes step by step: exactly its lines run against the gateway, changed in nothing but the
// address. What no package brings (the ollama program, Docker, Continue) is asked for its setting by the real shell or a
// real parser, and then the requests that the program makes are made.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import Anthropic from '@anthropic-ai/sdk';
import { parse } from 'yaml';
import { startHearth, type Hearth } from '../support/hearth.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const ADDRESS = 'http://127.0.0.1:8080';
const QUESTION = 'Why does bread rise?';

const page = readFileSync(resolve(root, 'docs/apps.md'), 'utf8');
const section = /^## Step by step\n([^]*?)^## /m.exec(page)?.[1] ?? '';

/** Every block of the section under its heading's name, numbered where there are several. */
const blocks = new Map(
  section
    .split(/^### /m)
    .slice(1)
    .flatMap((part) => {
      const name = part.slice(0, part.indexOf('\n'));
      const found = [...part.matchAll(/^```\w+\n([^]*?)^```$/gm)].map(([, code = '']) => code);
      return found.map((code, i): [string, string] => [found.length === 1 ? name : `${name} ${i + 1}`, code]);
    }),
);

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({ config: { server: { allowed_hosts: ['host.docker.internal'] } } });
});
afterEach(() => hearth.stop());

const here = (code: string): string => code.replaceAll(ADDRESS, hearth.url);
const port = (): string => new URL(hearth.url).port;

/** The lines as a module of their own process, which finds packages where this project has them. */
async function node(code: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 15_000 };
  return (await run(process.execPath, ['--input-type=module', '--eval', code], options)).stdout;
}

/** The lines in a shell in which a program, instead of running, tells its arguments and what is in its environment. */
async function shell(code: string, program = ''): Promise<{ args: string[]; env: Record<string, string> }> {
  const teller = `console.log(JSON.stringify({ args: process.argv.slice(1), env: process.env }))`;
  const tell = `"${process.execPath}" --eval '${teller}' -- "$@"`;
  const script = program === '' ? `${code}\nset --\n${tell}` : `${program}() { ${tell}; }\n${code}`;
  const { stdout } = await run('bash', ['-c', script], { timeout: 15_000 });
  return JSON.parse(stdout) as { args: string[]; env: Record<string, string> };
}

/** The texts of a stream of JSON lines. */
async function streamed(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  const lines = (await response.text()).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as { message?: { content: string }; response?: string })
    .map(({ message, response: text }) => message?.content ?? text ?? '')
    .join('');
}

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', body: JSON.stringify(body) });

/** What `ollama run` asks of its server: whether it is there, what the model can, to load it, and then the chat. */
async function asOllamaCli(base: string, model: string): Promise<string> {
  expect((await fetch(base, { method: 'HEAD' })).status).toBe(200);
  expect((await post(`${base}/api/show`, { model })).status).toBe(200);
  expect(await (await post(`${base}/api/generate`, { model })).json()).toMatchObject({ done_reason: 'load' });
  return await streamed(await post(`${base}/api/chat`, { model, messages: [{ role: 'user', content: QUESTION }] }));
}

/** What Open WebUI's server asks: the version, the models, and the chat of the first of them, streamed. */
async function asOpenWebUi(base: string): Promise<string> {
  expect(await (await fetch(`${base}/api/version`)).json()).toHaveProperty('version');
  const { models } = (await (await fetch(`${base}/api/tags`)).json()) as { models: { model: string }[] };
  const [{ model } = { model: '' }] = models;
  const messages = [{ role: 'user', content: QUESTION }];
  return await streamed(await post(`${base}/api/chat`, { model, messages, options: {}, stream: true }));
}

interface ContinueModel {
  readonly provider: string;
  readonly model: string;
  readonly apiBase: string;
  readonly defaultCompletionOptions?: { readonly temperature?: number };
}

/** What Continue's provider `ollama` asks: what the model can, and the chat with its options. */
async function asContinue({ model, apiBase, defaultCompletionOptions: options }: ContinueModel): Promise<string> {
  expect((await post(String(new URL('api/show', apiBase)), { name: model })).status).toBe(200);
  const messages = [{ role: 'user', content: QUESTION }];
  const body = { model, messages, options: { temperature: options?.temperature }, keep_alive: 1800, stream: true };
  return await streamed(await post(String(new URL('api/chat', apiBase)), body));
}

/** What Claude Code asks through its library: how long its prompt is, and then the message, streamed. */
async function asClaudeCode(env: Readonly<Record<string, string>>, model: string): Promise<string> {
  const { ANTHROPIC_BASE_URL: baseURL = '', ANTHROPIC_AUTH_TOKEN: authToken = '' } = env;
  const client = new Anthropic({ baseURL, authToken, apiKey: null, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: QUESTION }];
  const tools = [{ name: 'Bash', input_schema: { type: 'object' as const } }];
  expect((await client.messages.countTokens({ model, messages, tools })).input_tokens).toBeGreaterThan(5);
  return await client.messages.stream({ model, messages, tools, max_tokens: 32_000 }).finalText();
}

/** The status that a container's request gets, which comes from this machine with a name of its own for it. */
function asFromDocker(path: string): Promise<number> {
  const headers = { host: `host.docker.internal:${port()}` };
  return new Promise((done, failed) => {
    const sent = request(`${hearth.url}${path}`, { headers }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode ?? 0));
    });
    sent.on('error', failed).end();
  });
}

const variable = (args: readonly string[], name: string): string | undefined =>
  args.find((arg, i) => args[i - 1] === '-e' && arg.startsWith(`${name}=`))?.slice(name.length + 1);

const said = (body: string): string => (JSON.parse(body) as { message: { content: string } }).message.content;
const curl = async (code: string): Promise<string> => (await run('bash', ['-c', code], { timeout: 15_000 })).stdout;

/** How each block is used. What it returns is the answer that its user sees. */
const USES: Readonly<Record<string, (code: string) => Promise<string>>> = {
  'Ollama CLI': async (code) => {
    const { args, env } = await shell(here(code), 'ollama');
    expect(args[0]).toBe('run');
    return await asOllamaCli(env['OLLAMA_HOST'] ?? '', args[1] ?? '');
  },
  'Open WebUI 1': async (code) => {
    const { args } = await shell(here(code), 'docker');
    // With the host's network its own port would be Hearth's.
    expect(args).toContain('--network=host');
    expect(variable(args, 'PORT')).toBe('3000');
    return await asOpenWebUi(variable(args, 'OLLAMA_BASE_URL') ?? '');
  },
  'Open WebUI 2': async (code) => {
    const { args } = await shell(code, 'docker');
    expect(variable(args, 'OLLAMA_BASE_URL')).toBe('http://host.docker.internal:8080');
    expect(await asFromDocker('/api/tags')).toBe(200);
    return await asOpenWebUi(hearth.url);
  },
  'Open WebUI 3': async (code) => {
    const { args, env } = await shell(here(code), 'open-webui');
    expect(args).toEqual(['serve', '--port', '3000']);
    return await asOpenWebUi(env['OLLAMA_BASE_URL'] ?? '');
  },
  Continue: async (code) => {
    const { models } = parse(here(code)) as { models: [ContinueModel] };
    expect(models[0].provider).toBe('ollama');
    return await asContinue(models[0]);
  },
  LangChain: (code) => node(here(code)),
  'AI SDK': (code) => node(here(code)),
  'openai 1': (code) => node(here(code)),
  'openai 2': async (code) => {
    const { OPENAI_BASE_URL, OPENAI_API_KEY } = (await shell(here(code))).env;
    const program = blocks.get('openai 1')?.replace(/new OpenAI\(.*\)/, 'new OpenAI()') ?? '';
    expect(program).not.toContain(ADDRESS);
    return await node(program, { OPENAI_BASE_URL, OPENAI_API_KEY });
  },
  'Claude Code': async (code) => {
    const { args, env } = await shell(here(code), 'claude');
    expect(args[0]).toBe('--model');
    return await asClaudeCode(env, args[1] ?? '');
  },
  ollama: (code) => node(here(code)),
  'curl 1': async (code) => said(await curl(here(code))),
  'curl 2': async (code) => {
    const { choices } = JSON.parse(await curl(here(code))) as { choices: [{ message: { content: string } }] };
    return choices[0].message.content;
  },
  'Next.js': async (code) => {
    const page = `
      const { POST } = await import('data:text/javascript,' + encodeURIComponent(${JSON.stringify(here(code))}));
      const messages = [{ role: 'user', content: ${JSON.stringify(QUESTION)} }];
      const asked = new Request('http://localhost:3000/api/chat', { method: 'POST', body: JSON.stringify({ messages }) });
      const answer = await POST(asked);
      if (answer.status !== 200 || !answer.headers.get('content-type').startsWith('text/event-stream')) process.exit(1);
      process.stdout.write(await answer.text());`;
    const pieces = (await node(page)).split('\n').filter((line) => line !== '');
    return pieces
      .map((line) => (JSON.parse(line.replace('data: ', '')) as { content?: string }).content ?? '')
      .join('');
  },
};

/** These say nothing of temperature or seed, so each question is a new one. */
const BY_CHANCE = ['Ollama CLI', 'Open WebUI 1', 'Open WebUI 2', 'Open WebUI 3', 'Claude Code'];

describe('the lines to paste', () => {
  test('each block has a test, and each test a block', () => {
    expect([...blocks.keys()].toSorted()).toEqual(Object.keys(USES).toSorted());
  });

  test('the README’s table names every app, and what it gives them stands in their lines', () => {
    const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| \[([^\]]+)\]\(docs\/apps\.md#[\w-]+\)[^|]*\| `([^`]+)`/gm)];
    const headings = [...section.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
    expect(rows.map(([, name]) => name)).toEqual(headings);
    for (const [, name = '', value = ''] of rows) {
      const lines = [...blocks].filter(([of]) => of.startsWith(name)).map(([, code]) => code);
      expect(lines.join('\n')).toContain(value);
    }
  });

  test.each(Object.keys(USES))('%s', async (name) => {
    const use = USES[name] as (code: string) => Promise<string>;
    const code = blocks.get(name) ?? '';
    const first = (await use(code)).trim();
    expect(first.length).toBeGreaterThan(20);
    const runs = (): number => hearth.fake.chats().length;
    expect(runs()).toBe(1);
    const again = (await use(code)).trim();
    expect(runs()).toBe(BY_CHANCE.includes(name) ? 2 : 1);
    if (runs() === 1) expect(again).toBe(first);
  });

  test('the temperature of generateText would not do for the AI SDK, as the page says', async () => {
    const inOptions = 'providerOptions: { ollama: { options: { temperature: 0 } } }';
    const code = here(blocks.get('AI SDK') ?? '');
    expect(code).toContain(inOptions);
    for (const _ of [1, 2]) await node(code.replace(inOptions, 'temperature: 0'));
    expect(hearth.fake.chats()).toHaveLength(2);
  });

  test('one app’s answer is a hit for the others', async () => {
    const asking = ['LangChain', 'openai 1', 'ollama', 'curl 1', 'curl 2', 'Continue'];
    const answers = new Set<string>();
    for (const name of asking) answers.add(((await USES[name]?.(blocks.get(name) ?? '')) ?? '').trim());
    expect(answers.size).toBe(1);
    expect(hearth.fake.chats()).toHaveLength(1);
  });

  test('without server.allowed_hosts a container is refused', async () => {
    hearth.backend.configure(hearth.config({}));
    expect(await asFromDocker('/api/tags')).toBe(403);
  });
});
