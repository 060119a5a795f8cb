// What a runner holds of prompts: the one that it read last, more where it has more places, and nothing that is not known.
import { describe, expect, test } from 'vitest';
import { lengthOf, sharedBeginning } from '../../../../backend/core/beginnings.ts';
import { HeldPrompts } from '../../../../backend/core/prompts/held.ts';
import { BLOCK } from '../../../../backend/core/prompts/outline.ts';
import { Prompt } from '../../../../backend/core/prompts/read-once.ts';
import { fc } from '../../../support/property.ts';

const RUNNER = 'llama {}';
const LONG = 'What the assistant is for, and what it must never do. '.repeat(60);

/** A conversation whose messages are these, behind a long system prompt. */
const chat = (...said: readonly string[]): Prompt =>
  new Prompt({
    model: 'llama',
    messages: [{ role: 'system', content: LONG }, ...said.map((content) => ({ role: 'user', content }))],
  });

const about = (name: string, ...more: readonly string[]): Prompt => chat(`${name}: `.repeat(500), ...more);
const whole = (prompt: Prompt): number => lengthOf(prompt.beginnings);

/** Read and answered, one after the other. */
function read(held: HeldPrompts, ...prompts: readonly Prompt[]): void {
  for (const prompt of prompts) {
    const reading = held.reads(RUNNER, prompt);
    reading.answers();
    reading.ended();
  }
}

describe('beginnings', () => {
  const anyText = fc.string({ minLength: 0, maxLength: 3 * BLOCK, unit: fc.constantFrom('a', 'b', 'é', '😀') });

  test('two prompts share what is the same, to the block, and never more', () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 4 }), anyText, anyText, (same, one, other) => {
        const [a, b] = [chat(...same, one), chat(...same, other)];
        const common = chat(...same);
        const shared = sharedBeginning(a.beginnings, b.beginnings);
        expect(shared).toBeGreaterThanOrEqual(whole(common));
        const [ours, theirs] = [a.withText().text, b.withText().text];
        expect(ours.slice(0, shared)).toBe(theirs.slice(0, shared));
        let alike = 0;
        while (alike < ours.length && ours[alike] === theirs[alike]) alike++;
        if (one !== other) expect(alike - shared).toBeLessThan(BLOCK);
      }),
    );
  });

  test('a picture counts as what it becomes, and another one parts two prompts', () => {
    const seen = (image: string): Prompt =>
      new Prompt({ model: 'm', messages: [{ role: 'user', content: 'What is it?', images: [image] }] });
    expect(whole(seen('AAAA'))).toBeGreaterThan(1000);
    expect(sharedBeginning(seen('AAAA').beginnings, seen('BBBB').beginnings)).toBe(0);
  });
});

describe('a runner with one place', () => {
  test('holds the prompt that it read last', () => {
    const held = new HeldPrompts();
    expect(held.reach(RUNNER, about('bread'))).toBe(0);
    read(held, about('bread'));
    expect(held.reach(RUNNER, about('bread', 'And salt?'))).toBe(whole(about('bread')));
    expect(held.reach('another {}', about('bread'))).toBe(0);
    read(held, about('wine'));
    expect(held.reach(RUNNER, about('bread', 'And salt?'))).toBe(lengthOf(chat().beginnings));
  });

  test('what it would hold after another prompt is known before that is read', () => {
    const held = new HeldPrompts();
    read(held, about('bread'));
    const then = held.after(RUNNER, about('wine'));
    expect(then.reach(RUNNER, about('wine', 'red?'))).toBe(whole(about('wine')));
    expect(then.after(RUNNER, about('bread')).reach(RUNNER, about('bread'))).toBe(whole(about('bread')));
    expect(held.reach(RUNNER, about('bread'))).toBe(whole(about('bread')));
  });

  test('a run that ends before its answer leaves what both prompts begin with', () => {
    const held = new HeldPrompts();
    read(held, about('bread'));
    held.reads(RUNNER, about('wine')).ended();
    expect(held.reach(RUNNER, about('bread'))).toBe(lengthOf(chat().beginnings));
    expect(held.reach(RUNNER, about('wine'))).toBe(lengthOf(chat().beginnings));
  });

  test('of one that did not fit nothing is held, and nothing was read', () => {
    const held = new HeldPrompts();
    read(held, about('bread'));
    const cut = held.reads(RUNNER, about('bread', 'salt?'), { isCut: true });
    cut.answers();
    expect(held.reach(RUNNER, about('bread'))).toBe(0);
    cut.ended();
    expect(cut.known).toBe(0);
    expect(held.reads(RUNNER, about('bread', 'salt?')).known).toBe(whole(about('bread')));
  });

  test('what stood in the place that a prompt takes is known by the request that it is of', () => {
    const held = new HeldPrompts();
    const first = held.reads(RUNNER, about('bread'), { by: 'one' });
    expect(first.stood).toBeUndefined();
    first.answers();
    first.ended();
    const next = held.reads(RUNNER, about('wine'), { by: 'two' });
    expect([next.stood?.by, lengthOf(next.stood?.prompt.beginnings ?? about('').beginnings)]).toEqual(['one', whole(about('bread'))]); // prettier-ignore
    next.ended();
    const third = held.reads(RUNNER, about('wine'), { by: 'three' }).stood;
    expect([third?.by, lengthOf(third?.prompt.beginnings ?? about('').beginnings)]).toEqual(['two', lengthOf(chat().beginnings)]); // prettier-ignore
  });

  test('two that are sent at once are taken to be read one after the other', () => {
    const held = new HeldPrompts();
    const one = held.reads(RUNNER, about('bread'));
    one.answers();
    const two = held.reads(RUNNER, about('wine'));
    one.ended();
    two.answers();
    two.ended();
    expect(held.reach(RUNNER, about('wine'))).toBe(whole(about('wine')));
    expect(held.reach(RUNNER, about('bread'))).toBe(lengthOf(chat().beginnings));
  });
});

describe('a runner that was seen to answer two at once', () => {
  /** Two places, with bread and then wine in them. */
  function twoPlaces(): HeldPrompts {
    const held = new HeldPrompts();
    const [one, two] = [held.reads(RUNNER, about('bread')), held.reads(RUNNER, about('wine'))];
    for (const reading of [one, two]) reading.answers();
    for (const reading of [one, two]) reading.ended();
    return held;
  }

  test('holds both', () => {
    const held = twoPlaces();
    expect(held.reach(RUNNER, about('bread', 'salt?'))).toBe(whole(about('bread')));
    expect(held.reach(RUNNER, about('wine', 'red?'))).toBe(whole(about('wine')));
  });

  test('a prompt like none of them takes the place that was used longest ago', () => {
    const held = twoPlaces();
    read(held, about('bread', 'salt?'), new Prompt({ model: 'llama', prompt: 'Something else. '.repeat(100) }));
    expect(held.reach(RUNNER, about('bread', 'salt?'))).toBe(whole(about('bread', 'salt?')));
    expect(held.reach(RUNNER, about('wine'))).toBe(lengthOf(chat().beginnings));
  });

  test('what is in a place that is taken can not be had', () => {
    const held = twoPlaces();
    const reading = held.reads(RUNNER, about('wine', 'red?'));
    expect(held.reach(RUNNER, about('wine', 'red?'))).toBe(lengthOf(chat().beginnings));
    reading.answers();
    reading.ended();
    expect(held.reach(RUNNER, about('wine', 'red?'))).toBe(whole(about('wine', 'red?')));
  });
});

describe('what is not sure is forgotten', () => {
  test('a runner that left memory, or that somebody used past Hearth', () => {
    const held = new HeldPrompts();
    read(held, about('bread'));
    held.keepOnly((runner) => runner === RUNNER);
    expect(held.reach(RUNNER, about('bread'))).toBeGreaterThan(0);
    held.keepOnly(() => false);
    expect(held.reach(RUNNER, about('bread'))).toBe(0);
  });

  test('a runner that read something nobody here knows, also while a run goes on', () => {
    const held = new HeldPrompts();
    const reading = held.reads(RUNNER, about('bread'));
    held.forget(RUNNER);
    reading.answers();
    reading.ended();
    expect(held.reach(RUNNER, about('bread'))).toBe(0);
  });

  test('of many runners those used longest ago', () => {
    const held = new HeldPrompts();
    const prompt = about('bread');
    for (let n = 0; n < 100; n++) held.reads(`runner ${n}`, prompt).answers();
    expect(held.reach('runner 99', prompt)).toBe(whole(prompt));
    expect(held.reach('runner 0', prompt)).toBe(0);
  });
});

describe('what a runner has read since it is in memory', () => {
  test('counts as what could have been reused, also when another prompt has its place', () => {
    const held = new HeldPrompts();
    read(held, about('bread'), about('wine'));
    const reading = held.reads(RUNNER, about('bread', 'salt?'));
    expect(reading.known).toBe(whole(about('bread')));
    expect(held.reads('another {}', about('bread')).known).toBe(0);
  });

  test('is told of a run that is over as it was before it', () => {
    const held = new HeldPrompts();
    read(held, about('bread'));
    const reading = held.reads(RUNNER, about('bread', 'salt?'));
    reading.answers();
    reading.ended();
    expect(reading.known).toBe(whole(about('bread')));
    expect(held.reads(RUNNER, about('bread', 'salt?')).known).toBe(whole(about('bread', 'salt?')));
  });

  test('is forgotten with the runner, and never read by a run that came to nothing', () => {
    const held = new HeldPrompts();
    held.reads(RUNNER, about('bread')).ended();
    expect(held.reads(RUNNER, about('bread')).known).toBe(0);
    read(held, about('bread'));
    held.forget(RUNNER);
    expect(held.reads(RUNNER, about('bread')).known).toBe(0);
  });

  test('takes little memory: the ends of long prompts that were read long ago go first', () => {
    const held = new HeldPrompts();
    const long = (name: string): Prompt => about(name, `${name} at length. `.repeat(100_000));
    const first = long('first');
    read(held, first, long('second'), long('third'), long('fourth'), long('fifth'));
    const { known } = held.reads(RUNNER, first);
    expect(known).toBeGreaterThanOrEqual(lengthOf(chat().beginnings));
    expect(known).toBeLessThan(whole(first));
  });
});
