// Whatever the order in which embeds come, leave, fail and end: nobody is lost, everybody gets the vectors of his own texts,
// a bad text fails those alone who asked for it, and nothing goes up that nobody wants any more.
import { fc } from '../../../support/property.ts';
import { expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import { Batcher } from '../../../../backend/core/stories/embeds/batcher.ts';
import type { EmbedFamily, Embedded } from '../../../../backend/core/stories/embeds/embed-group.ts';
import { Estimator } from '../../../../backend/core/queue/estimate.ts';
import type { EmbedReply, UpstreamEmbed } from '../../../../backend/core/ports.ts';
import { LeaseQueue } from '../../../../backend/core/queue/queue.ts';
import { config, runner, standingWatch, watched } from '../../../support/builders.ts';
import { deferred, type Deferred } from '../../../support/waiting.ts';
import { memory } from '../../../support/model-memory.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';
import { atPriority } from '../../../support/urgency.ts';

const SLOTS = 2;
const PLACES = 3;
const ASKS = { id: 'r', owner: 'local', classBy: 'default', flights: [] };
const SPEC = runner();

interface Call extends Deferred<EmbedReply> {
  readonly input: readonly string[];
  readonly signal: AbortSignal;
  /** Texts in it that nobody wanted when it was sent. */
  readonly unwanted: readonly string[];
  over: boolean;
}

interface Asker {
  readonly texts: readonly string[];
  readonly outcome: ReturnType<typeof watched<Embedded>>;
  readonly caller: AbortController;
}

const isBad = (text: string): boolean => text.startsWith('bad');
const vectorOf = (text: string): number[] => [...text].map((char) => char.codePointAt(0) ?? 0);

/** Ollama's place is taken by the test, which ends each call when it likes; an aborted one winds up until then. */
class Play {
  readonly calls: Call[] = [];
  readonly askers: Asker[] = [];
  readonly clock = new ManualClock();
  readonly queue: LeaseQueue;
  readonly batcher: Batcher;
  peak = 0;

  constructor() {
    const settings = config({ queue: { max_concurrent: SLOTS, max_queue_size: PLACES } });
    const { clock } = this;
    const watch = standingWatch();
    const estimator = new Estimator();
    const embed = (asked: UpstreamEmbed, signal: AbortSignal): Promise<EmbedReply> => this.#called(asked, signal);
    const refuse = (): never => expect.unreachable('no such call');
    const upstream = {
      embed,
      embeddings: embed,
      load: () => Promise.resolve(),
      chat: refuse,
      generate: refuse,
      modelfile: refuse,
      unload: refuse,
      pull: refuse,
      remove: refuse,
      tags: refuse,
      ps: refuse,
      version: refuse,
    };
    const { residency, reasons, held } = memory({ upstream, watch, estimator, clock });
    residency.used(SPEC, -1);
    this.queue = new LeaseQueue({
      config: () => settings,
      clock,
      loadMs: () => 0,
      resident: () => true,
      onChange: () => undefined,
    });
    this.batcher = new Batcher({
      config: () => settings,
      clock,
      upstream,
      watch,
      queue: this.queue,
      residency,
      held,
      reasons,
      estimator,
    });
  }

  #called({ input }: UpstreamEmbed, signal: AbortSignal): Promise<EmbedReply> {
    const wanted = new Set(this.waiting.flatMap(({ texts }) => texts));
    const call = {
      ...deferred<EmbedReply>(),
      input,
      signal,
      unwanted: input.filter((text) => !wanted.has(text)),
      over: false,
    };
    this.calls.push(call);
    this.peak = Math.max(this.peak, this.running.length);
    return call.promise;
  }

  get running(): Call[] {
    return this.calls.filter(({ over }) => !over);
  }

  get waiting(): Asker[] {
    return this.askers.filter(({ outcome, caller }) => outcome.state === 'pending' && !caller.signal.aborted);
  }

  ask(texts: readonly string[], { family = 'embed' as EmbedFamily, share = true } = {}): Asker {
    const caller = new AbortController();
    const { promise, resolve, reject } = deferred<Embedded>();
    const asker = { texts, outcome: watched(promise), caller };
    this.askers.push(asker);
    const wish = { family, request: { model: 'm' }, spec: SPEC, texts, caller: 'c', asks: ASKS, share };
    this.batcher
      .embed(
        { ...wish, flight: '', urgency: () => atPriority(), onWaiting: () => undefined, onAccepted: () => undefined },
        caller.signal,
      )
      .then(resolve, reject);
    return asker;
  }

  /** Ollama answers, as it does: all vectors, or no to the whole call. */
  end(call: Call | undefined): void {
    if (call === undefined) return;
    call.over = true;
    const words = call.input.find(isBad);
    if (call.signal.aborted) call.reject(call.signal.reason);
    else if (words !== undefined)
      call.reject(new AppError('upstream_failed', words, { native: { status: 400, body: { error: words } } }));
    else
      call.resolve({
        vectors: call.input.map(vectorOf),
        total_duration: 100,
        load_duration: 0,
        prompt_eval_count: 10,
      });
  }

  /** Lets everything run to its end. */
  async finish(): Promise<void> {
    await settled();
    while (this.running.length > 0) {
      for (const call of this.running) this.end(call);
      await settled();
    }
  }
}

type Step =
  | { readonly do: 'ask'; readonly texts: string[]; readonly family: EmbedFamily; readonly share: boolean }
  | { readonly do: 'leave' | 'end'; readonly which: number };

const anyText = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'bad 1', 'bad 2');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      texts: fc.array(anyText, { minLength: 1, maxLength: 3 }),
      family: fc.constantFrom('embed' as const, 'embed' as const, 'embeddings' as const),
      share: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat({ max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat({ max: 5 }) }) },
);
/** What happens, and how many turns of the microtask queue pass before the next thing does; null: all that it needs. */
const anySchedule = fc.array(fc.tuple(anyStep, fc.option(fc.nat({ max: 8 }))), { maxLength: 40 });

async function follow(play: Play, schedule: readonly (readonly [Step, number | null])[]): Promise<void> {
  for (const [step, turns] of schedule) {
    if (step.do === 'ask') play.ask(step.texts, step);
    else if (step.do === 'leave') play.askers[step.which]?.caller.abort('left');
    else play.end(play.running[step.which % Math.max(1, play.running.length)]);
    if (turns === null) await settled();
    else for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const { queue } = play;
    expect(queue.waiting).toBeLessThanOrEqual(PLACES);
    expect(queue.running).toBeLessThanOrEqual(SLOTS);
  }
  await play.finish();
}

test('any schedule of coming, leaving, failing and ending', async () => {
  await fc.assert(
    fc.asyncProperty(anySchedule, async (schedule) => {
      const play = new Play();
      await follow(play, schedule);
      for (const { texts, outcome, caller } of play.askers) {
        expect(outcome.state).not.toBe('pending');
        if (outcome.state === 'fulfilled') {
          expect(texts.some(isBad)).toBe(false);
          const numbers = texts.map((text) => outcome.value?.vectors.get(text)?.numbers);
          expect(numbers).toEqual(texts.map(vectorOf));
        } else if (outcome.reason instanceof AppError && outcome.reason.code === 'upstream_failed') {
          expect(texts).toContain(outcome.reason.message);
        } else if (!(outcome.reason instanceof AppError && outcome.reason.code === 'queue_full')) {
          expect([outcome.reason, caller.signal.aborted]).toEqual(['left', true]);
        }
      }
      for (const { input, unwanted } of play.calls) {
        expect(unwanted).toEqual([]);
        expect(new Set(input).size).toBe(input.length);
      }
      expect(play.peak).toBeLessThanOrEqual(SLOTS);
      expect(play.queue).toMatchObject({ running: 0, waiting: 0 });
      expect(play.clock.sleeping).toBe(0);
    }),
    { numRuns: 1000 },
  );
});

/** Two other calls hold both slots, so that what is asked next waits. */
async function busy(): Promise<Play> {
  const play = new Play();
  play.ask(['held 1']);
  await settled();
  play.ask(['held 2']);
  await settled();
  expect(play.running).toHaveLength(2);
  return play;
}

test('texts that wait go up together, at most 128 in a call, each once', async () => {
  const play = await busy();
  const texts = Array.from({ length: 200 }, (_, i) => `text ${i}`);
  play.ask(texts);
  play.ask([...texts.slice(0, 20), 'another']);
  await play.finish();
  const [, , first, second] = play.calls;
  expect(play.calls).toHaveLength(4);
  expect(first?.input).toEqual(texts.slice(0, 128));
  expect(second?.input).toEqual([...texts.slice(128), 'another']);
});

test('who asks for what is on its way has it from there, and is told so', async () => {
  const play = new Play();
  const first = play.ask(['a']);
  await settled();
  const [same, more] = [play.ask(['a']), play.ask(['a', 'b'])];
  const apart = play.ask(['a'], { share: false });
  await play.finish();
  expect(play.calls.flatMap(({ input }) => input).toSorted()).toEqual(['a', 'a', 'b']);
  expect([first, same, more, apart].map(({ outcome }) => outcome.value?.shared)).toEqual([false, true, false, false]);
});

test('a bad text fails those alone who asked for it', async () => {
  const play = await busy();
  const [good, bad, both] = [play.ask(['a']), play.ask(['bad 1']), play.ask(['b', 'bad 1'])];
  await play.finish();
  expect(good.outcome).toMatchObject({ state: 'fulfilled' });
  expect([bad.outcome, both.outcome]).toMatchObject([{ state: 'rejected' }, { state: 'rejected' }]);
});

test('the bad text of somebody who has left fails nobody', async () => {
  const play = await busy();
  const [good, bad] = [play.ask(['a']), play.ask(['bad 1'])];
  // Sent together, and then he leaves.
  play.end(play.running[0]);
  await settled();
  bad.caller.abort('left');
  await play.finish();
  expect(good.outcome).toMatchObject({ state: 'fulfilled' });
});

test('who comes while a bad text is sorted out is not forgotten', async () => {
  const play = await busy();
  play.ask(['a']);
  play.ask(['bad 1']);
  play.end(play.running[0]);
  await settled();
  play.end(play.running.find(({ input }) => input.includes('bad 1')));
  await settled();
  const late = play.ask(['bad 1']);
  await play.finish();
  expect(late.outcome).toMatchObject({ state: 'rejected', reason: { message: 'bad 1' } });
});

test('who comes while an abandoned call winds up gets a call of his own', async () => {
  const play = new Play();
  const first = play.ask(['a']);
  await settled();
  first.caller.abort('left');
  const next = play.ask(['a']);
  await play.finish();
  expect(play.calls).toHaveLength(2);
  expect(next.outcome).toMatchObject({ state: 'fulfilled' });
});

test('when there is no place for all of its texts, none of them goes up', async () => {
  const play = await busy();
  const texts = Array.from({ length: PLACES + 1 }, (_, i) => `text ${i}`);
  const asker = play.ask(texts, { family: 'embeddings' });
  await settled();
  expect(asker.outcome).toMatchObject({ state: 'rejected', reason: { code: 'queue_full' } });
  expect(play.queue.waiting).toBe(0);
  await play.finish();
  expect(play.calls).toHaveLength(2);
});
