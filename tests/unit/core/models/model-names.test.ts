// Model names as Ollama reads them, and what to offer when one is not installed.
import { canonicalName } from '../../../../backend/contract/model-name.ts';
import { describe, expect, test } from 'vitest';
import { isCloudName, nearNames, noSuchModel, notInstalled } from '../../../../backend/core/models/names.ts';
import { installed } from '../../../support/builders.ts';

describe('spellings of one model', () => {
  test.each([
    ['llama3.2', 'llama3.2:latest'],
    ['LLaMA3.2', 'llama3.2:latest'],
    ['llama3.2:LATEST', 'llama3.2:latest'],
    ['library/llama3.2', 'llama3.2:latest'],
    ['registry.ollama.ai/library/llama3.2:latest', 'llama3.2:latest'],
    ['https://registry.ollama.ai/library/llama3.2', 'llama3.2:latest'],
    ['  llama3.2 ', 'llama3.2:latest'],
    ['deepseek-r1:8b', 'deepseek-r1:8b'],
    ['anna/mine', 'anna/mine:latest'],
    ['hf.co/Anna/Mine-GGUF:Q4_K_M', 'hf.co/anna/mine-gguf:q4_k_m'],
    ['localhost:5000/anna/mine', 'localhost:5000/anna/mine:latest'],
    ['localhost:5000/anna/mine:1b', 'localhost:5000/anna/mine:1b'],
  ])('%s is %s', (name, canonical) => {
    expect(canonicalName(name)).toBe(canonical);
    expect(canonicalName(canonical)).toBe(canonical);
  });

  test.each([
    ['llama3.2', 'llama3'],
    ['llama3.2:1b', 'llama3.2'],
    ['anna/llama3.2', 'llama3.2'],
  ])('%s is not %s', (one, other) => {
    expect(canonicalName(one)).not.toBe(canonicalName(other));
  });
});

test.each([
  ['gpt-oss:120b-cloud', true],
  ['qwen3-coder:480b-CLOUD', true],
  ['glm-4.6:cloud', true],
  ['cloud', false],
  ['my-cloud-model', false],
  ['soundcloud:8b', false],
])('%s runs on ollama.com: %s', (name, cloud) => {
  expect(isCloudName(name)).toBe(cloud);
});

describe('a name that is not installed', () => {
  const HERE = ['llama3.2:3b', 'llama3.1:8b', 'deepseek-r1:8b', 'qwen2.5-coder:7b', 'phi4:latest'].map((name) =>
    installed(name),
  );

  test.each([
    ['lama3.2:3b', 'llama3.2:3b'],
    ['llama3.2', 'llama3.2:3b'],
    ['llama3.1', 'llama3.1:8b'],
    ['LLAMA3.2:3B', 'llama3.2:3b'],
    ['deepseek-r1', 'deepseek-r1:8b'],
    ['deepseek-r1:14b', 'deepseek-r1:8b'],
    ['phi', 'phi4:latest'],
    ['phi4:14b', 'phi4:latest'],
    ['qwen2.5-coder', 'qwen2.5-coder:7b'],
    ['qwen2.5', 'qwen2.5-coder:7b'],
    ['deepseek', 'deepseek-r1:8b'],
  ])('%s: %s is the nearest', (wanted, nearest) => {
    expect(nearNames(wanted, HERE)[0]).toBe(nearest);
  });

  test.each(['gpt-oss:20b', 'mixtral', 'qwq', 'x', 'q'])('%s is near none of them', (wanted) => {
    expect(nearNames(wanted, HERE)).toEqual([]);
  });

  test('a short name is not near every other short name', () => {
    expect(nearNames('phi', [installed('qwq'), installed('glm')])).toEqual([]);
  });

  test('at most three are offered', () => {
    const many = Array.from({ length: 10 }, (_, n) => installed(`llama3.2:${n}b`));
    expect(nearNames('llama3.2', many).length).toBe(3);
  });

  test('the sentence names the near ones, and the command that installs it', () => {
    expect(notInstalled('lama3.2:3b', HERE)).toBe(
      'Model "lama3.2:3b" is not installed. Near: llama3.2:3b, llama3.1:8b. To install it: ollama pull lama3.2:3b',
    );
    expect(notInstalled('mixtral', [])).toBe('Model "mixtral" is not installed. To install it: ollama pull mixtral');
  });

  test('an absurd name costs no time', () => {
    const before = performance.now();
    nearNames(
      'x'.repeat(512),
      Array.from({ length: 300 }, (_, n) => installed(`${'y'.repeat(100)}${n}`)),
    );
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('the refusal of a name', () => {
  const refusal = (name: string): unknown => {
    const { code, native } = noSuchModel(name, [], 'write');
    return [code, native?.status, native?.body['error']];
  };

  test.each([
    'llama3.2',
    'llama3.2:1b',
    '_x/y.z-1:Q4_K_M',
    'hf.co/Anna/Mine-GGUF:Q4_K_M',
    'localhost:5000/anna/mine',
    'https://registry.ollama.ai/library/llama3.2',
    'llama3.2:1b:local',
  ])('%s could be one', (name) => {
    expect(refusal(name)).toEqual(['model_not_found', 404, `model '${name}' not found`]);
  });

  test.each(['a b', '-x', '.x', 'x:', ':x', '/x', 'a/b/c/d', 'an.na/x', 'x'.repeat(81), 'x\ny', 'x:1:2', 'é'])(
    '%j can be none',
    (name) => {
      expect(refusal(name)).toEqual(['invalid_request', 400, 'invalid model name']);
    },
  );

  test('is another one where vectors are wanted', () => {
    expect(noSuchModel('x', [], 'embed').native?.body['error']).toBe('model "x" not found, try pulling it first');
  });
});
