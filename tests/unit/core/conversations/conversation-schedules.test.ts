// Whatever the order in which callers come, speak, give up and wait: one at a time speaks in a conversation, in the order
// of coming, nobody waits for ever, and what is remembered stays within its bounds in bytes and in time.
import { fc } from '../../../support/property.ts';
import { expect, test } from 'vitest';
import { Conversations, type Turn } from '../../../../backend/core/conversations/conversations.ts';
import type { Said } from '../../../../backend/core/conversations/said-text.ts';
import { config, watched } from '../../../support/builders.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';

const TTL_S = 100;
const MB = 1024 * 1024;
const SPACE = 'default';

interface Speaker {
  readonly id: string;
  readonly caller: AbortController;
  readonly turn: ReturnType<typeof watched<Turn>>;
  done: boolean;
}

class Play {
  readonly clock = new ManualClock();
  readonly conversations: Conversations;
  readonly speakers: Speaker[] = [];
  /** Names of speakers in the order in which they got their turn. */
  readonly granted: Speaker[] = [];
  /** What was kept last under each id, and when it was last spoken in. */
  readonly kept = new Map<string, { messages: readonly Said[]; usedAt: number }>();
  /** Turns with another history, or that kept another part of it, than they should have. */
  readonly wrong: unknown[] = [];
  maxMb = 0.02;

  constructor() {
    const read = () => config({ conversation_cache: { max_size_mb: this.maxMb, ttl_seconds: TTL_S } });
    this.conversations = new Conversations(read, this.clock);
  }

  enter(id: string): Speaker {
    const caller = new AbortController();
    const entering = this.conversations.enter(SPACE, id, caller.signal);
    const speaker = { id, caller, turn: watched(entering), done: false };
    this.speakers.push(speaker);
    entering.then(
      (turn) => this.#grant(speaker, turn),
      () => {
        speaker.done = true;
      },
    );
    return speaker;
  }

  #grant(speaker: Speaker, turn: Turn): void {
    this.granted.push(speaker);
    const known = this.kept.get(speaker.id);
    // It may have had to make room for others, but it is whole or gone, and never older than it may be.
    const idleMs = this.clock.elapsed() - (known?.usedAt ?? 0);
    const whole = turn.resumed ? turn.history === known?.messages : turn.history.length === 0;
    if (!whole || (turn.resumed && idleMs >= TTL_S * 1000)) this.wrong.push({ known, idleMs, turn });
    if (!turn.resumed) this.kept.delete(speaker.id);
    else if (known !== undefined) known.usedAt = this.clock.elapsed();
  }

  get speaking(): Speaker[] {
    return this.speakers.filter(({ turn, done }) => turn.state === 'fulfilled' && !done);
  }

  /** It ends well with an answer of this length, or without one. */
  end(speaker: Speaker | undefined, length?: number): void {
    const turn = speaker?.turn.value;
    if (speaker === undefined || turn === undefined) return;
    if (length !== undefined) {
      const messages = [...turn.history, { role: 'assistant', content: 'x'.repeat(length) }];
      const count = turn.keep(messages);
      if (count !== 0 && count !== messages.length) this.wrong.push({ count, messages });
      if (count === 0) this.kept.delete(speaker.id);
      else this.kept.set(speaker.id, { messages, usedAt: this.clock.elapsed() });
    }
    turn.release();
    turn.release();
    speaker.done = true;
  }
}

type Step =
  | { readonly do: 'enter'; readonly id: string }
  | { readonly do: 'end'; readonly which: number; readonly length: number | null }
  | { readonly do: 'leave'; readonly which: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'shrink' | 'clear' };

const which = fc.nat({ max: 20 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('enter' as const), id: fc.constantFrom('a', 'a', 'b', 'c') }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which,
      length: fc.constantFrom(null, 0, 10, 1000, 3000, 20_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 40, 99, 101) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('shrink' as const, 'clear' as const) }) },
);
/** What happens, and how many turns of the microtask queue pass before the next thing does; null: all that it needs. */
const anySchedule = fc.array(fc.tuple(anyStep, fc.option(fc.nat({ max: 6 }))), { maxLength: 50 });

async function take(play: Play, step: Step): Promise<void> {
  switch (step.do) {
    case 'enter':
      play.enter(step.id);
      break;
    case 'end':
      play.end(play.speaking[step.which % Math.max(1, play.speaking.length)], step.length ?? undefined);
      break;
    case 'leave':
      play.speakers[step.which]?.caller.abort('left');
      break;
    case 'wait':
      await play.clock.advance(step.seconds * 1000);
      break;
    case 'shrink':
      play.maxMb = play.maxMb === 0.02 ? 0.008 : 0.02;
      play.conversations.reconfigured();
      break;
    case 'clear':
      // Whoever has just been let in is written down first.
      await settled();
      play.conversations.clear();
      play.kept.clear();
      break;
  }
}

test('any schedule of coming, speaking, giving up and waiting', async () => {
  await fc.assert(
    fc.asyncProperty(anySchedule, async (schedule) => {
      const play = new Play();
      for (const [step, turns] of schedule) {
        await take(play, step);
        if (turns === null) await settled();
        else for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        const ids = play.speaking.map(({ id }) => id);
        expect(ids).toHaveLength(new Set(ids).size);
        for (const id of ids) expect(play.conversations.busy(SPACE, id)).toBe(true);
        const { bytes, max_bytes, entries } = play.conversations.figures;
        expect(max_bytes).toBe(Math.floor(play.maxMb * MB));
        expect(bytes).toBeLessThanOrEqual(max_bytes);
        expect(entries).toBeLessThanOrEqual(play.kept.size);
      }

      expect(play.wrong).toEqual([]);
      for (let n = 0; n <= play.speakers.length; n++) {
        await settled();
        for (const speaker of play.speaking) play.end(speaker);
      }
      for (const { turn, caller } of play.speakers) {
        expect(turn.state).not.toBe('pending');
        if (turn.state === 'rejected') expect([turn.reason, caller.signal.aborted]).toEqual(['left', true]);
      }
      for (const id of ['a', 'b', 'c']) {
        const inOrder = play.granted.filter((speaker) => speaker.id === id);
        expect(inOrder).toEqual(play.speakers.filter((speaker) => inOrder.includes(speaker)));
        expect(play.conversations.busy(SPACE, id)).toBe(false);
      }
    }),
    { numRuns: 1000 },
  );
});

test('giving up while waiting lets nobody in before the one who speaks has ended', async () => {
  const play = new Play();
  const first = play.enter('a');
  const second = play.enter('a');
  await settled();
  second.caller.abort('left');
  await settled();
  const third = play.enter('a');
  await settled();
  expect(third.turn.state).toBe('pending');
  play.end(first, 10);
  await settled();
  expect(third.turn).toMatchObject({ state: 'fulfilled', value: { resumed: true } });
  play.end(third);
});

test('speaking keeps a conversation alive, even without an answer; nothing else does', async () => {
  const play = new Play();
  for (const id of ['a', 'b']) {
    const speaker = play.enter(id);
    await settled();
    play.end(speaker, 10);
  }
  await play.clock.advance(60_000);
  const failing = play.enter('a');
  await settled();
  play.end(failing);
  play.conversations.view(SPACE, 'b');
  const { updated_at: updatedAt, expires_in_s: left } = play.conversations.view(SPACE, 'a');
  expect([Date.parse(updatedAt), left]).toEqual([play.clock.now() - 60_000, TTL_S]);
  await play.clock.advance(60_000);
  expect(play.conversations.figures.entries).toBe(1);
  expect(() => play.conversations.view(SPACE, 'b')).toThrow(/no conversation "b"/);
  await play.clock.advance(41_000);
  expect(play.conversations.figures).toMatchObject({ entries: 0, bytes: 0 });
});

test('the same id in another namespace is another conversation', async () => {
  const play = new Play();
  const signal = new AbortController().signal;
  const [mine, theirs] = await Promise.all([
    play.conversations.enter('https://a.example', 'x', signal),
    play.conversations.enter('https://b.example', 'x', signal),
  ]);
  mine.keep([{ role: 'user', content: 'mine' }]);
  theirs.release();
  mine.release();
  expect((await play.conversations.enter('https://b.example', 'x', signal)).history).toEqual([]);
  expect((await play.conversations.enter('https://a.example', 'x', signal)).history).toHaveLength(1);
});

test('when the space shrinks, those that were spoken in last stay', async () => {
  const play = new Play();
  for (const id of ['a', 'b', 'c']) {
    const speaker = play.enter(id);
    await settled();
    play.end(speaker, 2000);
  }
  play.enter('a');
  await settled();
  play.end(play.speaking[0]);
  play.maxMb = 0.012;
  play.conversations.reconfigured();
  expect(play.conversations.figures.entries).toBe(2);
  expect(() => play.conversations.view(SPACE, 'b')).toThrow(/no conversation/);
  expect(play.conversations.view(SPACE, 'a').messages).toHaveLength(1);
});
