// Which questions can have one answer alone, and are kept for clients that know nothing of a cache.
import { describe, expect, test } from 'vitest';
import { Determinism, isDeterministic } from '../../../../backend/core/models/determinism.ts';
import { Modelfiles } from '../../../../backend/core/models/modelfiles.ts';
import type { InstalledModel, Modelfile, Upstream } from '../../../../backend/core/ports.ts';

const modelfile = (lines: Record<string, string>): Modelfile => ({
  parameters: new Map(Object.entries(lines).map(([name, value]) => [name, [value]])),
  weights: undefined,
});

describe('chance', () => {
  test.each([
    [{}, {}, false],
    [{ temperature: 0 }, {}, true],
    [{ temperature: 0.1 }, {}, false],
    [{ top_k: 1 }, {}, true],
    [{ seed: 0 }, {}, true],
    [{ seed: -1 }, {}, false],
    [{}, { temperature: '0' }, true],
    [{ temperature: 0.7 }, { temperature: '0' }, false],
    [{}, { seed: '42' }, true],
    [{ seed: -1 }, { seed: '42' }, false],
    [{ temperature: null }, { temperature: '0' }, true],
    [{ temperature: 'cold' }, {}, false],
  ])('options %j over a Modelfile with %j: %j', (options, lines, expected) => {
    expect(isDeterministic(options, modelfile(lines).parameters)).toBe(expected);
  });
});

const asks = (upstream: Pick<Upstream, 'modelfile'>): Determinism => new Determinism(new Modelfiles(upstream));

describe('the Modelfile', () => {
  const model = { name: 'm:latest', digest: 'd' } as InstalledModel;
  const request = { model: 'm' };
  const never = new AbortController().signal;

  test('is asked for once for each digest, and only where it can matter', async () => {
    const asked: string[] = [];
    const determinism = asks({
      modelfile: async (name) => {
        asked.push(name);
        return modelfile({ temperature: '0' });
      },
    });
    expect(await determinism.of({ ...request, options: { seed: 1 } }, model, never)).toBe(true);
    expect(await determinism.of({ ...request, options: { seed: -1, temperature: 1, top_k: 4 } }, model, never)).toBe(
      false,
    );
    expect(asked).toEqual([]);
    expect(await determinism.of(request, model, never)).toBe(true);
    expect(await determinism.of(request, model, never)).toBe(true);
    expect(asked).toEqual(['m:latest']);
    await determinism.of(request, { ...model, digest: 'other' }, never);
    expect(asked).toHaveLength(2);
  });

  test('that cannot be had says nothing, and is asked for again', async () => {
    let calls = 0;
    const determinism = asks({
      modelfile: async () => {
        if (calls++ === 0) throw new Error('down');
        return modelfile({ temperature: '0' });
      },
    });
    expect(await determinism.of(request, model, never)).toBe(false);
    expect(await determinism.of(request, model, never)).toBe(true);
  });
});
