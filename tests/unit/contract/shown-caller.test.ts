// A caller as people know it, by the User-Agents that real programs send.
import { expect, test } from 'vitest';
import { shownCaller } from '../../../backend/contract/apps.ts';

test.each([
  ['claude-cli/2.1.197 (external, sdk-cli)', 'Claude Code'],
  ['ollama-python/0.6.3 (x86_64 linux) Python/3.11.7', 'ollama (Python)'],
  ['AsyncOpenAI/Python 2.54.0', 'openai (Python)'],
  ['OpenAI/JS 6.49.0', 'openai (npm)'],
  ['curl/8.5.0', 'curl'],
  ['python-requests/2.31.0', 'python-requests'],
  ['node', 'node'],
  ['Open WebUI anna', 'Open WebUI anna'],
  ['http://localhost:3000', 'http://localhost:3000'],
  ['a/b', 'a/b'],
])('%s is shown as %s', (caller, shown) => {
  expect(shownCaller(caller)).toBe(shown);
});
