// Which models are offered as the default, which one the first run proposes, and why.
import { describe, expect, test } from 'vitest';
import type { ModelView } from '../../../../backend/contract/views/control.ts';
import { defaultChoices, proposal, unfitWords } from '../../../../renderer/parts/default-model.ts';
import { liveView, loadedModel } from '../../../support/live-view.ts';

const chat = (name: string, over: Partial<ModelView> = {}): ModelView => ({ ...loadedModel(name, false), ...over });
const embeds = chat('nomic-embed-text:latest', { capabilities: ['embedding'] });
const cloud = chat('gpt-oss:120b-cloud', { size: 384, remote: true });
const live = (models: ModelView[], model = 'deepseek-r1:8b') => liveView({ models, upstream: { model } });
const proposed = (models: ModelView[], model?: string) => proposal(live(models, model));

test('what only embeds, and what runs elsewhere, is not offered', () => {
  expect([embeds, cloud, chat('a')].map(unfitWords)).toEqual([
    'cannot chat',
    'runs on ollama.com, not here',
    undefined,
  ]);
  const models = [embeds, cloud, chat('a'), chat('b', { capabilities: ['completion', 'tools', 'embedding'] })];
  expect(defaultChoices(live(models)).map(({ name }) => name)).toEqual(['a', 'b']);
});

test('a model of which Ollama tells nothing is offered', () => {
  expect(defaultChoices(live([chat('a', { capabilities: null })])).map(({ name }) => name)).toEqual(['a']);
});

test('a model of ollama.com that is set stays in the list, and one that cannot chat does not', () => {
  expect(defaultChoices(live([cloud, chat('a')], cloud.name)).map(({ name }) => name)).toEqual([cloud.name, 'a']);
  expect(defaultChoices(live([embeds, chat('a')], 'nomic-embed-text')).map(({ name }) => name)).toEqual(['a']);
});

describe('the proposal', () => {
  test('is the one that is set, without a reason, however it is spelled', () => {
    expect(proposed([chat('a'), chat('deepseek-r1:8b')])).toEqual({ name: 'deepseek-r1:8b', why: '' });
    expect(proposed([chat('a'), chat('llama3.2:latest')], 'registry.ollama.ai/library/Llama3.2')).toEqual({
      name: 'llama3.2:latest',
      why: '',
    });
  });

  test('is else one that is in memory, else the newest, and says which', () => {
    const inMemory = { ...loadedModel('c', true) };
    expect(proposed([embeds, cloud, chat('a'), chat('b'), inMemory])).toEqual({
      name: 'c',
      why: 'c is chosen because it is in memory now.',
    });
    expect(proposed([embeds, chat('a'), chat('b')])).toEqual({
      name: 'a',
      why: 'a is chosen because it was installed last.',
    });
  });

  test('is the only one there is', () => {
    expect(proposed([embeds, cloud, chat('a')])?.why).toBe('It is the only one that can chat here.');
  });

  test('is nothing where no model is fit', () => {
    expect(proposed([embeds, { ...embeds, loaded: true }, cloud])).toBeUndefined();
    expect(proposed([])).toBeUndefined();
  });
});
