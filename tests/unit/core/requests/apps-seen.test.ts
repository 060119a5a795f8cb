// Which apps are known by what they send: by their own name, by that of a key or a rule, or by a library's alone.
import { expect, test } from 'vitest';
import { APPS, pasteOf } from '../../../../backend/contract/apps.ts';
import { appsSeen, type CallerSeen } from '../../../../backend/core/requests/apps-seen.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const iso = (at: number): string => new Date(at).toISOString();
const seen = (caller: string, class_by = 'default', at = NOON): CallerSeen => ({ caller, class_by, at });
const idsOf = (...callers: CallerSeen[]): string[] =>
  appsSeen(callers).map(({ id, through }) => (through === undefined ? id : `${id} by ${through}`));

test.each([
  ['claude-cli/2.1.197 (external, sdk-cli)', ['claude-code']],
  ['codex_exec/0.120.0 (Debian 13.0.0; x86_64) unknown (codex_exec; 0.120.0)', ['codex']],
  ['codex_cli_rs/0.98.0', ['codex']],
  ['opencode/1.18.5 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14', ['opencode']],
  ['curl/7.88.1', ['curl']],
  ['ollama/0.33.0 (amd64 linux) Go/go1.26.0', ['ollama-cli']],
  ['litellm/1.81.10', ['aider by litellm']],
  ['ollama-python/0.6.3 (x86_64 linux) Python/3.11.7', ['python-sdks', 'llm-ollama by ollama (Python)']],
  ['OpenAI/Python 3.3.0', ['python-sdks', 'shell-gpt by openai (Python)']],
  ['ollama-js/0.6.4 (x64 linux node.js/v20.20.2)', ['node-sdks', 'langchain by ollama (npm)']],
  ['ls/JS 5.23.2', ['continue by openai (npm)', 'node-sdks']],
  ['ai-sdk/openai-compatible/1.0.33 ai-sdk/provider-utils/3.0.20 runtime/node.js/22', ['cline by AI SDK', 'ai-sdk']],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 app/1.0 Chrome/130 Electron/33.2.1 Safari/537.36',
    ['electron-file'],
  ],
  // What a key or a rule calls it.
  ['Cline', ['cline']],
  ['open-webui', ['open-webui']],
  ['Open WebUI 7f3a', ['open-webui']],
  // Others.
  ['Anthropic/JS 0.94.0', []],
  ['Python/3.11 aiohttp/3.14.5', []],
  ['codexed', []],
  // Keys that only begin as an app is called.
  ['llm-server', []],
  ['curl.nightly', []],
  ['https://notes.example.com', []],
  ['Hearth', []],
])('%s', (caller, ids) => {
  expect(idsOf(seen(caller))).toEqual(ids);
});

test('one request that a rule knew makes all of its caller the app’s, and the newest counts', () => {
  const at = NOON + 60_000;
  const callers = [
    seen('Python/3.11 aiohttp/3.14.5', 'Open WebUI: title'),
    seen('Python/3.11 aiohttp/3.14.5', 'default', at),
    seen('curl/8.0', 'queue.rules[0]', NOON - 1000),
  ];
  expect(appsSeen(callers)).toEqual([
    { id: 'open-webui', at: iso(at) },
    { id: 'curl', at: iso(NOON - 1000) },
  ]);
});

test('an app’s own name goes before a library that others use', () => {
  expect(idsOf(seen('aider'), seen('litellm/1.81.10', 'default', NOON + 1))).toEqual(['aider']);
});

test('each place in the lines is filled, and no two apps have one id', () => {
  const stands = { gateway: 'http://[::1]:9', openai: 'http://[::1]:9/v1', model: 'm$&', key: 'k' };
  expect(APPS.flatMap((app) => pasteOf(app, stands)).filter((text) => /\{\w+\}/.test(text))).toEqual([]);
  expect(APPS.flatMap((app) => (app.id === 'codex' ? pasteOf(app, stands) : []))).toEqual([
    'CODEX_OSS_BASE_URL=http://[::1]:9/v1 codex --oss -m m$&',
  ]);
  expect(new Set(APPS.map(({ id }) => id)).size).toBe(APPS.length);
});

test('where a key is needed all lines that can have one do, and elsewhere none speaks of it', () => {
  const stands = { gateway: 'http://127.0.0.1:8080', openai: 'http://127.0.0.1:8080/v1', model: 'm' };
  const without = APPS.filter(
    (app) => !pasteOf(app, { ...stands, key: 'hearth_k' }).every((text) => text.includes('hearth_k')),
  );
  // Open WebUI and Cline have a field for it, Codex and the Ollama CLI have no place for one.
  expect(without.map(({ id }) => id)).toEqual(['open-webui', 'cline', 'codex', 'ollama-cli']);
  const lines = APPS.flatMap((app) => pasteOf(app, { ...stands, key: undefined }));
  expect(lines.filter((text) => /<<|>>|bearer/i.test(text))).toEqual([]);
});
