// A rule of queue.rules as the settings form says it.
import { expect, test } from 'vitest';
import { queueRuleSchema, type QueueRule } from '../../../../backend/contract/rules/queue-rule.ts';
import { thenWords, whenParts } from '../../../../renderer/settings/rule-words.ts';

const rule = (of: object): QueueRule => queueRuleSchema.parse({ then: { class: 'background' }, ...of });

test('all that a rule looks at has words, and one that looks at nothing is for every request', () => {
  const when = {
    user_agent: ['a', 'b*'],
    origin: 'http://x',
    path: '/v1/*',
    model: 'm',
    header: { 'X-Job': '*', 'X-Team': 'mail' },
    stream: false,
    tools: true,
    max_tokens: 64,
    prompt_prefix: '### Task:\nName ',
  };
  expect(whenParts(rule({ when }))).toEqual([
    'User-Agent a or b*',
    'page http://x',
    'path /v1/*',
    'model m',
    'with X-Job',
    'X-Team mail',
    'as a whole',
    'with tools',
    'at most 64 tokens',
    'begins with “### Task: Name”',
  ]);
  // Each part of a rule is said.
  expect(Object.keys(when).toSorted()).toEqual(Object.keys(queueRuleSchema.shape.when.unwrap().shape).toSorted());
  expect(whenParts(rule({}))).toEqual(['every request']);
});

test('what becomes of a request is its class, its name, or both', () => {
  expect(thenWords(rule({}))).toBe('Background');
  expect(thenWords(rule({ then: { caller: 'cron' } }))).toBe('as cron');
  expect(thenWords(rule({ then: { class: 'interactive', caller: 'the {X-Job}' } }))).toBe('People, as the {X-Job}');
});
