// Which class a request has: by the first rule that holds, those of the configuration before those that Hearth brings.
import { describe, expect, test } from 'vitest';
import { queueRulesSchema, type QueueRule } from '../../../../backend/contract/rules/queue-rule.ts';
import { classOf, type Classed, type Facts } from '../../../../backend/core/queue/classes.ts';

interface Sent extends Partial<Omit<Facts, 'header' | 'prompt'>> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly prompt?: string;
}

const facts = ({ headers = {}, prompt = 'Why?', ...over }: Sent = {}): Facts => ({
  header: (name) => headers[name],
  path: '/api/chat',
  model: 'llama3.2',
  stream: false,
  tools: false,
  maxTokens: undefined,
  prompt: () => prompt,
  ...over,
});

const rules = (...list: readonly object[]): readonly QueueRule[] => queueRulesSchema.parse(list);
const classed = (sent: Sent, ...own: readonly object[]): Classed => classOf(facts(sent), rules(...own));
const background = { class: 'background' } as const;

describe('without a rule that holds', () => {
  test('what is streamed is interactive, and anything else normal', () => {
    expect(classed({ stream: true })).toEqual({ class: 'interactive', by: 'default', caller: undefined });
    expect(classed({})).toEqual({ class: 'normal', by: 'default', caller: undefined });
  });
});

describe('a rule of the configuration', () => {
  test.each<[string, object, Sent, Sent]>([
    [
      'user_agent',
      { user_agent: 'nightly/*' },
      { headers: { 'user-agent': 'Nightly/1' } },
      { headers: { 'user-agent': 'x nightly/1' } },
    ],
    [
      'one of several',
      { user_agent: ['a', 'b*'] },
      { headers: { 'user-agent': 'bc' } },
      { headers: { 'user-agent': 'ab' } },
    ],
    ['origin', { origin: 'http://localhost:*' }, { headers: { origin: 'http://localhost:3000' } }, {}],
    ['path', { path: '/v1/*' }, { path: '/v1/completions' }, {}],
    ['model', { model: 'qwen3:*' }, { model: 'qwen3:8b' }, {}],
    ['model without its tag', { model: 'llama3.2' }, { model: 'llama3.2:latest' }, { model: 'llama3.2:1b' }],
    ['model with its tag', { model: 'llama3.2:latest' }, { model: 'llama3.2' }, { model: 'llama3' }],
    ['header', { header: { 'X-Job': '*' } }, { headers: { 'x-job': '7' } }, { headers: { 'x-job': '' } }],
    ['stream', { stream: true }, { stream: true }, {}],
    ['tools', { tools: true }, { tools: true }, {}],
    ['max_tokens', { max_tokens: 50 }, { maxTokens: 50 }, { maxTokens: 51 }],
    ['no max_tokens', { max_tokens: 50 }, { maxTokens: 1 }, {}],
    ['prompt_prefix', { prompt_prefix: 'Summarize' }, { prompt: 'Summarize: a' }, { prompt: 'summarize: a' }],
    ['all of several', { path: '/api/*', model: 'tiny' }, { model: 'tiny' }, { model: 'tiny', path: '/v1/x' }],
  ])('looks at %s', (_name, when, held, not) => {
    expect(classed(held, { when, then: background })).toMatchObject({ ...background, by: 'queue.rules[0]' });
    expect(classed(not, { when, then: background }).class).not.toBe('background');
  });

  test('without "when" holds for all', () => {
    expect(classed({ stream: true }, { then: background }).class).toBe('background');
  });

  test('counts where it is the first that holds, and goes before those that Hearth brings', () => {
    const headers = { 'x-openwebui-task': 'title_generation' };
    const own = [{ when: { model: 'other' }, then: background }, { name: 'mine', then: { class: 'normal' } }, { then: background }]; // prettier-ignore
    expect(classed({ headers }, ...own)).toMatchObject({ class: 'normal', by: 'mine' });
  });

  test('that gives a name leaves the class to the next, and the other way round', () => {
    const own = [{ when: { path: '/api/*' }, then: { caller: 'cron' } }, { then: { class: 'background', caller: 'x' } }]; // prettier-ignore
    expect(classed({}, ...own)).toEqual({ class: 'background', by: 'queue.rules[1]', caller: 'cron' });
  });

  test('names somebody by headers, and nobody where one of them did not come', () => {
    const own = { then: { caller: 'app {X-User} at {X-Site}' } };
    const headers = { 'x-user': 'ann', 'x-site': 'b' };
    expect(classed({ headers }, own).caller).toBe('app ann at b');
    expect(classed({ headers: { 'x-user': 'ann' } }, own).caller).toBeUndefined();
  });

  test('with many wildcards is not made slow by what is sent', () => {
    const own = { when: { user_agent: `${'*a'.repeat(60)}*b` }, then: background };
    expect(classed({ headers: { 'user-agent': 'a'.repeat(16_000) } }, own).class).toBe('normal');
  });
});

describe('what apps do in the background is known', () => {
  const aiohttp = { 'user-agent': 'Python/3.11 aiohttp/3.14.5' };
  const cli = { 'user-agent': 'claude-cli/2.1.197 (external, sdk-cli)' };

  test.each<[string, Sent, string]>([
    ['a task of Open WebUI, by its form', { headers: aiohttp, prompt: '### Task:\nName it.' }, 'background'],
    [
      'a search of Open WebUI, for which somebody waits',
      { headers: aiohttp, prompt: '### Task:\nAnalyze it.' },
      'interactive',
    ],
    ['a chat of Open WebUI', { headers: aiohttp, stream: true, prompt: '### Task:\nWrite it.' }, 'interactive'],
    ['a program that uses aiohttp', { headers: aiohttp }, 'normal'],
    ['a task of Open WebUI that says so', { headers: { 'x-openwebui-task': 'tags_generation' } }, 'background'],
    ['what somebody waits for', { headers: { 'x-openwebui-task': 'query_generation' } }, 'interactive'],
    ['a chat that has no task', { headers: { 'x-openwebui-task': '' }, stream: true }, 'interactive'],
    ['the title of opencode', { stream: true, prompt: 'Generate a title for this conversation:\n' }, 'background'],
    ['a turn of opencode', { stream: true, tools: true, prompt: '"What does a.py do?"' }, 'interactive'],
    ['the small model of Claude Code', { headers: cli, stream: true }, 'background'],
    ['what is handed on of Claude Code, unread', { headers: cli, stream: true, tools: undefined }, 'interactive'],
    ['a turn of Claude Code', { headers: cli, stream: true, tools: true }, 'interactive'],
  ])('%s', (_name, sent, expected) => {
    expect(classed(sent).class).toBe(expected);
  });

  test('the users of Open WebUI wait under names of their own', () => {
    expect(classed({ headers: { 'x-openwebui-user-id': 'u7' } }).caller).toBe('Open WebUI u7');
  });
});
