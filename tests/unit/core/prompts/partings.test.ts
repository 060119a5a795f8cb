// Where two prompts part: what is the same, what differs, and what that looks like.
import { describe, expect, test } from 'vitest';
import type { UpstreamRequest } from '../../../../backend/core/ports.ts';
import { outlineOf, textOf } from '../../../../backend/core/prompts/outline.ts';
import { partingOf, type Parting, type Remembered } from '../../../../backend/core/prompts/parting.ts';
import { promptOf } from '../../../../backend/core/prompts/prompt.ts';
import { recognised } from '../../../../backend/core/prompts/recognise.ts';
import { fc } from '../../../support/property.ts';

type Message = Readonly<Record<string, unknown>>;

function remembered(request: Partial<UpstreamRequest>, withText = true): Remembered {
  const prompt = promptOf({ model: 'llama3.2', ...request });
  const text = textOf(prompt);
  return { outline: outlineOf(prompt, text), text: withText ? text : undefined };
}

const chat = (...messages: readonly Message[]): Partial<UpstreamRequest> => ({ messages });
const system = (content: string): Message => ({ role: 'system', content });
const user = (content: string, more: object = {}): Message => ({ role: 'user', content, ...more });

const LONG = 'You are a helpful assistant. Answer in one short paragraph, and say what you do not know. '.repeat(20);

function parted(then: Partial<UpstreamRequest>, now: Partial<UpstreamRequest>, withText = true): Parting {
  return partingOf(remembered(now), remembered(then, withText), (text, from, to) => text.slice(from, to));
}

describe('where two prompts part', () => {
  test('a clock at the top of the system prompt parts all that follows it', () => {
    const head = 'x-anthropic-billing-header: cc_entrypoint=cli; cch=';
    const then = chat(system(`${head}4a1f07c2e; You are Claude. ${LONG}`), user('one'));
    const now = chat(system(`${head}b07d91e53; You are Claude. ${LONG}`), user('one'), user('two'));
    const parting = parted(then, now);
    expect(parting).toMatchObject({
      sameChars: head.length,
      block: 1,
      where: 'the system prompt',
      character: head.length + 1,
      what: 'a random key',
      then: { before: head.slice(-24), differs: '4a1f07c2e', after: '; You are Claude. You ar' },
      now: { before: head.slice(-24), differs: 'b07d91e53' },
      fresh: 9 + 'two'.length,
    });
    expect(parting.same + (parting.sameAfter ?? 0) + (parting.fresh ?? 0)).toBe(parting.all);
  });

  test('a prompt that only goes on parts at the end of the one before', () => {
    const parting = parted(chat(system(LONG), user('one')), chat(system(LONG), user('one'), user('two')));
    expect(parting).toMatchObject({
      sameChars: LONG.length + 3,
      where: 'the end of the prompt before',
      sameAfter: 0,
      fresh: 3,
    });
    expect(parting.now).toBeUndefined();
    expect(parted(chat(user('one')), chat(user('one')))).toMatchObject({ sameChars: 3, fresh: 0 });
    expect(parted(chat(user('one'), user('two')), chat(user('one'))).where).toBe('the end of this prompt');
  });

  test('without the text of the one before it is told to the block, and what differs is not', () => {
    const then = chat(system(`${LONG}14:01:12`), user('one'));
    const parting = parted(then, chat(system(`${LONG}14:06:02`), user('one')), false);
    expect(parting).toMatchObject({ block: 256, where: 'the system prompt', sameAfter: undefined, what: undefined });
    expect(parting.sameChars % 256).toBe(0);
    expect(LONG.length - parting.sameChars).toBeLessThan(256);
    expect(parting.now).toBeUndefined();
  });

  test('what was left out, put in or put in another order is told as that', () => {
    const [a, b, c] = [user('a question'), { role: 'assistant', content: 'an answer' }, user('the next question')];
    expect(parted(chat(a, b, c), chat(b, c))).toMatchObject({ where: 'message 1', what: 'a part left out' });
    expect(parted(chat(a, b, c), chat(a, user('new'), b, c))).toMatchObject({
      where: 'message 2',
      what: 'a part put in',
    });
    const tools = ['Read', 'Bash'].map((name) => ({ type: 'function', function: { name, parameters: {} } }));
    const parting = parted({ ...chat(a), tools }, { ...chat(a), tools: tools.toReversed() });
    expect(parting).toMatchObject({ where: 'the tools', what: 'another order' });
  });

  test('the same words of somebody else, or with another image, are not the same', () => {
    expect(parted(chat(user('yes')), chat(system('yes')))).toMatchObject({ sameChars: 0, where: 'the system prompt' });
    // What OpenAI calls the system's.
    const developer = (content: string): Message => ({ ...system(content), role: 'developer' });
    expect(parted(chat(developer('no')), chat(developer('yes')))).toMatchObject({ where: 'the system prompt' });
    const images = chat(user('what is it', { images: ['AAAA'] }));
    expect(parted(images, chat(user('what is it', { images: ['BBBB'] })))).toMatchObject({
      where: 'message 1',
      what: 'an image',
    });
    expect(parted(images, images).sameChars).toBe(10);
  });

  test('a prompt of /api/generate has its parts in the order of its template', () => {
    const then = { system: 'Be brief.', prompt: 'def one():', suffix: 'return 1' };
    expect(parted(then, { ...then, prompt: 'def two():' })).toMatchObject({ where: 'the prompt', sameChars: 9 + 4 });
    expect(parted(then, { ...then, suffix: 'return 2' })).toMatchObject({ where: 'the suffix', what: 'a counter' });
  });

  test('no more is called the same than both have, whatever they are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '😀', '7'), maxLength: 60 });
    const prompts = fc.array(fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: text }), {
      maxLength: 5,
    });
    const holds = fc.property(prompts, prompts, fc.boolean(), (then, now, withText) => {
      const {
        sameChars,
        chars,
        block,
        same,
        sameAfter = 0,
        fresh = 0,
        all,
      } = parted(chat(...then), chat(...now), withText);
      const [ours, theirs] = [now, then].map((messages) => remembered(chat(...messages)).text ?? '');
      expect(ours?.slice(0, sameChars)).toBe(theirs?.slice(0, sameChars));
      expect(sameChars).toBeLessThanOrEqual(chars);
      if (block === 1) expect(same + sameAfter + fresh).toBe(all);
      expect(Math.min(sameAfter, fresh)).toBeGreaterThanOrEqual(0);
    });
    fc.assert(holds);
  });
});

describe('what differs', () => {
  test.each([
    ['14:01:12', '14:06:02', '', 'a clock'],
    ['2:01 PM', '11:59 AM', '', 'a clock'],
    ['2026-11-27T14:01:12.004Z', '2026-11-27T14:01:13.120Z', '', 'a clock'],
    ['1795788072', '1795788362', 'now=', 'a clock'],
    ['2026-11-27', '2026-11-28', 'Today is ', 'a date'],
    ['27', '28', 'It is November ', 'a date'],
    ['Friday', 'Saturday', 'Today is ', 'a date'],
    ['c0f4a7e2-18b3-4d1c-8f6a-52e90b7d3c11', '7b1e44c0-52aa-4f6e-9d0f-3a1c77e0b1d4', '', 'an id'],
    ['8841', '9127', 'session_id: ', 'an id'],
    ['d41d8cd98f00b204e9800998ecf8427e', '9e107d9d372bb6826bd81d3542a419d6', '', 'a hash'],
    ['7', '8', 'Turn ', 'a counter'],
    ['98', '3', 'Battery ', 'a number'],
    ['4a1f07c2e', 'b07d91e53', 'cch=', 'a random key'],
    ['req_7f3Kq0vB2mXc', 'req_0aPz4Wk81Ndu', '', 'a random key'],
  ])('%s and then %s after "%s": %s', (then, now, before, what) => {
    expect(recognised({ then, now, before })).toBe(what);
  });

  test.each([
    ['llama3.2-vision', 'llama3.2-coding', 'model '],
    ['March', 'Market', 'the '],
    ['yes', 'no', ''],
    ['14:01', 'noon', 'at '],
  ])('nothing is said of %s and then %s', (then, now, before) => {
    expect(recognised({ then, now, before })).toBeUndefined();
  });
});
