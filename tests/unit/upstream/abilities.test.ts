// What each model can do, from servers whose list of models does not tell it.
import { expect, test } from 'vitest';
import type { InstalledModel } from '../../../backend/core/ports.ts';
import { orAborted } from '../../../backend/core/abort.ts';
import { Abilities } from '../../../backend/upstream/abilities.ts';

const model = (name: string, over: Partial<InstalledModel> = {}): InstalledModel => ({
  name,
  digest: `of ${name}`,
  size: 1,
  modified_at: '',
  remote: false,
  details: {},
  ...over,
});
const life = new AbortController().signal;

function asking(answers: Readonly<Record<string, readonly string[] | Error>>) {
  const asked: string[] = [];
  const abilities = new Abilities(async (name) => {
    asked.push(name);
    const answer = answers[name];
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const told = async (...list: InstalledModel[]): Promise<unknown[]> =>
    (await abilities.told(list, life)).map(({ capabilities }) => capabilities);
  return { asked, told };
}

test('a list that tells it is left alone', async () => {
  const { asked, told } = asking({});
  expect(await told(model('a', { capabilities: ['completion'] }))).toEqual([['completion']]);
  expect(asked).toEqual([]);
});

test('each digest is asked for once, and again when the name has another one', async () => {
  const { asked, told } = asking({ a: ['completion'], b: ['embedding'] });
  expect(await told(model('a'), model('b'))).toEqual([['completion'], ['embedding']]);
  expect(await told(model('a'), model('b'))).toEqual([['completion'], ['embedding']]);
  expect(asked).toEqual(['a', 'b']);
  await told(model('a', { digest: 'new' }), model('b'));
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('a server that does not tell it at all is not asked again; one that failed is', async () => {
  const { asked, told } = asking({ b: new Error('busy') });
  expect(await told(model('a'), model('b'))).toEqual([undefined, undefined]);
  await told(model('a'), model('b'));
  expect(asked).toEqual(['a', 'b', 'b']);
});

test('a caller that leaves ends the questions', async () => {
  const gone = new AbortController();
  const abilities = new Abilities((_name, signal) => orAborted(new Promise(() => undefined), signal));
  const filled = abilities.told([model('a')], gone.signal);
  gone.abort();
  expect((await filled).map(({ capabilities }) => capabilities)).toEqual([undefined]);
});
