// `npm run demo`: Hearth in front of a simulated Ollama, for looking at without a model or a graphics card.
// Deliberately only starts the two, gives the window some company, and tells what to type; all behaviour is the gateway's
// own and the fake's.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasDisplay } from '../../main/launch/display.ts';
import { demoAnswer } from './demo-answers.ts';
import { keepAsking } from './demo-apps.ts';
import { startFakeOllama } from './fake-ollama/fake-ollama.ts';
import type { FakeModel, RecordedCall, Scripted } from './fake-ollama/fake-ollama.ts';
import { words } from './fake-ollama/fake-text.ts';

/** Milliseconds a load takes: long enough to be seen. */
const LOAD_MS = 2500;
/** Milliseconds between words: about the speed of reading. */
const PIECE_MS = 35;
/** Milliseconds in which a second equal signal is taken for the same one: a terminal and npm both send Ctrl-C. */
const SAME_SIGNAL_MS = 500;

const models: readonly FakeModel[] = [
  {
    name: 'deepseek-r1:8b',
    capabilities: ['completion', 'thinking'],
    loadMs: LOAD_MS,
    size: 5_225_376_047,
    details: { family: 'qwen3', parameter_size: '8.2B' },
  },
  {
    name: 'llama3.2:latest',
    capabilities: ['completion', 'tools'],
    loadMs: LOAD_MS,
    details: { family: 'llama', parameter_size: '3.2B' },
  },
  {
    name: 'qwen2.5:0.5b',
    capabilities: ['completion', 'tools'],
    loadMs: LOAD_MS / 4,
    size: 397_821_319,
    details: { family: 'qwen2', parameter_size: '494.03M', context_length: 32_768 },
  },
  {
    name: 'nomic-embed-text:latest',
    capabilities: ['embedding'],
    loadMs: LOAD_MS / 5,
    size: 274_302_450,
    details: {
      family: 'nomic-bert',
      parameter_size: '137M',
      quantization_level: 'F16',
      context_length: 2048,
      embedding_length: 768,
    },
  },
];

/** What the last message of a chat, or the prompt of a generate, asks. */
function questionOf(body: Readonly<Record<string, unknown>>): string {
  const messages: unknown = body['messages'];
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const text = typeof last === 'object' && last !== null && 'content' in last ? last.content : body['prompt'];
  return typeof text === 'string' ? text : '';
}

function answer({ body = {} }: RecordedCall): Scripted | undefined {
  // A request for JSON gets the fake's own JSON, which fits better than prose.
  if (body['format']) return undefined;
  const { thinking, text } = demoAnswer(questionOf(body));
  const thinks = /^deepseek-r1/i.test(String(body['model'])) && body['think'] !== false;
  const thoughts = thinks ? words(thinking).map((thought) => ({ thinking: thought })) : [];
  return { pieces: [...thoughts, ...words(text)], firstPieceMs: 250 };
}

function invitation(url: string): string {
  const json = `-H 'Content-Type: application/json'`;
  return [
    '',
    'Try, in another terminal (the first one twice: the second time it comes from the cache):',
    '',
    `  curl -N ${url}/api/chat-optimized ${json} -d '{"stream":true,"messages":[{"role":"user","content":"Why does bread rise?"}]}'`,
    `  curl ${url}/api/chat-optimized ${json} -d '{"model":"llama3.2","messages":[{"role":"user","content":"How does a fireplace draw?"}]}'`,
    `  curl ${url}/api/cache-stats`,
    '',
    'Ctrl-C ends the demo.',
    '',
  ].join('\n');
}

const cli = fileURLToPath(new URL('../../hearth.mjs', import.meta.url));
const start = fileURLToPath(new URL('../../main/launch/start.js', import.meta.url));
if (existsSync(cli)) await demo();
else {
  process.stderr.write(`Hearth demo: ${cli} is missing; run "npm run build" first.\n`);
  process.exitCode = 1;
}

async function demo(): Promise<void> {
  const fake = await startFakeOllama({ models, pieceMs: PIECE_MS, maxLoaded: 2, answer, version: '0.12.6-simulated' });
  process.stderr.write('Hearth demo: the answers come from a simulated Ollama, no model runs.\n');
  // Its own process group, so that a terminal's Ctrl-C reaches the gateway once, through us; a second one would mean "at once".
  const args = process.argv.slice(2);
  // Arguments are for the gateway alone.
  const withTray = args.length === 0 && (await hasDisplay(process.env, process.platform));
  const data = mkdtempSync(join(tmpdir(), 'hearth-demo-'));
  // The settings are in the file, so that the window can change them; a variable would lock them.
  writeFileSync(join(data, 'config.json'), JSON.stringify({ ollama: { api_url: fake.url, model: 'llama3.2' } }));
  writeFileSync(join(data, 'state.json'), JSON.stringify({ first_run_done: true }));
  const { OLLAMA_API_URL: _url, OLLAMA_HOST: _host, ...rest } = process.env;
  const gateway = spawn(process.execPath, withTray ? [start] : [cli, 'serve', ...args], {
    env: {
      ...(withTray ? { ...rest, HEARTH_DEMO: '1' } : { ...process.env, OLLAMA_API_URL: fake.url }),
      // What a simulated Ollama said is kept apart from what a real one says.
      HEARTH_DATA_DIR: data,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: process.platform !== 'win32',
  });

  const company = new AbortController();
  if (withTray) {
    const url = `http://127.0.0.1:${process.env['PORT'] ?? 8080}`;
    process.stderr.write(invitation(url));
    void keepAsking(url, company.signal);
  }
  let seen = '';
  let invited = withTray;
  gateway.stdout.on('data', (bytes: Buffer) => {
    process.stdout.write(bytes);
    if (invited) return;
    seen += bytes.toString();
    const url = /^hearth ready (http:\/\/\S+)\s/m.exec(seen)?.[1];
    if (url === undefined) return;
    invited = true;
    process.stderr.write(invitation(url));
  });

  let lastSignalAt = -Infinity;
  const pass = (signal: NodeJS.Signals): void => {
    // The clock starts with the signal that was passed on.
    if (performance.now() - lastSignalAt < SAME_SIGNAL_MS) return;
    lastSignalAt = performance.now();
    gateway.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  // When the demo itself fails, it must end the gateway, which is detached and would stay.
  process.on('exit', () => {
    gateway.kill();
    rmSync(data, { recursive: true, force: true });
  });

  gateway.on('error', (error) => {
    company.abort();
    process.stderr.write(`Hearth demo: the gateway could not be started: ${error.message}\n`);
    process.exitCode = 1;
    void fake.stop();
  });
  gateway.on('close', (code, signal) => {
    company.abort();
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(each, pass);
    void fake.stop();
  });
}
