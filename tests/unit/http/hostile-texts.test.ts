// Texts that others write and we take apart: none of them may cost time with the square of its length. Of 200,000
// characters that would be minutes, and the test's own time limit ends it.
import { describe, expect, test } from 'vitest';
import { keepAliveSeconds } from '../../../backend/contract/duration.ts';
import { readQuickly } from '../../../backend/http/go/go-body.ts';
import { connectionHeaders } from '../../../backend/http/dialect/relayed.ts';
import { parametersSchema } from '../../../backend/upstream/replies.ts';

const LONG = 200_000;

describe('a Modelfile', () => {
  test.each([
    ['many spaces before the last letter', `${' '.repeat(LONG)}x`],
    ['many spaces at the end', `x${' '.repeat(LONG)}`],
    ['words with many spaces between', `x${' '.repeat(LONG)}x${' '.repeat(LONG)}x`],
    ['many quotes', '"'.repeat(LONG)],
    ['tabs', `${'\t '.repeat(LONG / 2)}x`],
  ])('with a stop of %s', (_what, stop) => {
    const parameters = `stop                           "${stop}"\ntemperature                    0`;
    const found = parametersSchema.parse({ parameters });
    expect(found.get('stop')).toEqual([stop]);
    expect(found.get('temperature')).toEqual(['0']);
  });

  test.each([' '.repeat(LONG), 'x'.repeat(LONG), `x${' '.repeat(LONG)}`, ''])(
    'with a line that says nothing',
    (line) => {
      expect(parametersSchema.parse({ parameters: `${line}\nseed 4` })).toEqual(new Map([['seed', ['4']]]));
    },
  );
});

describe('a keep_alive', () => {
  test.each([
    `${'1'.repeat(LONG)}x`,
    `${'1'.repeat(LONG)}.${'1'.repeat(LONG)}x`,
    `${'1s'.repeat(LONG / 2)}x`,
    `${'1.'.repeat(LONG / 2)}s`,
    `${' '.repeat(LONG)}x`,
    'm'.repeat(LONG),
  ])('that is no time', (text) => {
    expect(keepAliveSeconds(text)).toBeNaN();
  });
});

test('a Connection header', () => {
  expect(connectionHeaders(`x${' '.repeat(LONG)}y ,\tKeep-Alive`)).toEqual([`x${' '.repeat(LONG)}y`, 'keep-alive']);
});

describe('a body', () => {
  test('with many digits in a text where whole numbers are wanted', () => {
    const body = { seed: 1, options: { seed: ['1'.repeat(LONG)] } };
    expect(readQuickly(Buffer.from(JSON.stringify(body)))).toEqual(body);
  });

  test('with lists in lists where whole numbers are wanted', () => {
    const depth = LONG / 2;
    const body = `{"seed":1,"x":${'{"seed":['.repeat(depth)}1${']}'.repeat(depth)}}`;
    expect(readQuickly(Buffer.from(body))).toBeUndefined();
  });
});
