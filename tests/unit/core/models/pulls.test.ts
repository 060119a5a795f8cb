// The line of downloads by a clock that the test moves: how fast, how long still, when it goes on by itself and when it stops.
import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import type { PullStep, PullView } from '../../../../backend/contract/views/pull-view.ts';
import type { KeptPull } from '../../../../backend/core/disk.ts';
import { Pulls } from '../../../../backend/core/models/pulls.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';
import { onAbort } from '../../../../backend/core/abort.ts';
import { deferred } from '../../../support/waiting.ts';

/** A pull that Ollama makes, played by the test. */
interface Playing {
  readonly place: string;
  readonly model: string;
  readonly signal: AbortSignal;
  tell(step: PullStep): void;
  done(): void;
  fails(error: unknown): void;
}

let clock: ManualClock;
let playing: Playing[];
let kept: readonly KeptPull[];
let away: boolean;
/** The names of machines, '' where none has one; and the one that does not answer. */
let places: readonly string[];
let sleeping: string | undefined;
let pulls: Pulls;

function nowhere(name: string | undefined): string {
  if (name === undefined) return places[0] ?? '';
  throw new AppError('invalid_request', `No machine is called ${name}.`);
}

function made(): Pulls {
  return new Pulls({
    clock,
    log: NO_LOG,
    onChange: () => undefined,
    onInstalled: () => undefined,
    store: { kept: () => kept, keep: (line) => void (kept = line) },
    places: {
      of: (_model, wished) => (places.includes(wished ?? '') ? (wished ?? '') : nowhere(wished)),
      away: (place) => away || place === sleeping,
      pull(place, model, signal, tell) {
        const { promise, resolve, reject } = deferred();
        onAbort(signal, reject);
        playing.push({ place, model, signal, tell, done: resolve, fails: reject });
        return promise;
      },
    },
  });
}

beforeEach(() => {
  clock = new ManualClock();
  playing = [];
  kept = [];
  away = false;
  places = [''];
  sleeping = undefined;
  pulls = made();
  pulls.open();
});

const part = (completed: number, total = 1000): PullStep => ({ status: 'pulling a', digest: 'a', total, completed });
const said = (error: string): AppError =>
  new AppError('upstream_failed', `Ollama reported an error: ${error}`, { native: { status: 500, body: { error } } });
const lost = new AppError('upstream_failed', 'Ollama closed the connection.', { broke: true });
const first = (): PullView | undefined => pulls.list[0];
const now = (): Playing => {
  const last = playing.at(-1);
  if (last === undefined) throw new Error('nothing is pulled');
  return last;
};
const fails = async (error: AppError): Promise<void> => {
  now().fails(error);
  await settled();
};

test('speed and time left are told after five seconds, and not by what was here before', async () => {
  pulls.add({ model: 'm' });
  now().tell({ status: 'pulling manifest' });
  expect(first()).toMatchObject({ phase: 'looking', completed: null, total: null, silent_ms: 0 });
  for (let s = 0; s <= 4; s++) {
    now().tell(part(500 + 10 * s));
    expect(first()).toMatchObject({ phase: 'downloading', completed: 500 + 10 * s, bytes_per_s: null, left_ms: null });
    await clock.advance(1000);
  }
  now().tell(part(550));
  expect(first()).toMatchObject({ bytes_per_s: 10, left_ms: 45_000, silent_ms: 0 });
  // What is here already of a further part did not come now.
  now().tell({ ...part(500, 500), digest: 'b' });
  expect(first()).toMatchObject({ completed: 1050, total: 1500, bytes_per_s: 10 });
  // Of the last ten seconds alone; and a piece that is fetched anew takes nothing from the speed.
  for (let s = 0; s < 20; s++) {
    await clock.advance(1000);
    now().tell(part(s === 0 ? 530 : 530 + 20 * s));
  }
  expect(first()?.bytes_per_s).toBe(20);
  await clock.advance(30_000);
  now().tell(part(910));
  expect(first()).toMatchObject({ bytes_per_s: 0, left_ms: null, silent_ms: 30_000 });
  now().tell({ status: 'verifying sha256 digest' });
  expect(first()).toMatchObject({ phase: 'checking', bytes_per_s: null, silent_ms: 0 });
});

describe('what breaks off', () => {
  test('goes on by itself as long as it gets further, and then says why, in the words of Ollama', async () => {
    pulls.add({ model: 'm' });
    for (const at of [100, 200]) {
      now().tell(part(at));
      await fails(said('max retries exceeded: unexpected status 500'));
      expect(first()).toMatchObject({ state: 'waiting', completed: at });
      expect(first()?.error).toBe('Ollama: “max retries exceeded: unexpected status 500”');
      await clock.advance(1000);
    }
    now().tell(part(200));
    await fails(said('max retries exceeded: unexpected status 500'));
    expect(first()).toMatchObject({ state: 'failed', completed: 200, total: 1000 });
    await clock.advance(3_600_000);
    expect(playing).toHaveLength(3);
    expect(pulls.add({ model: 'm' })).toMatchObject({ state: 'running', error: null, completed: 200 });
  });

  test.each([
    [
      'pull model manifest: file does not exist',
      'There is no such model. Check its name, and the tag behind the colon.',
    ],
    ['write /blobs/sha256-a: no space left on device', 'The disk is full. Make room, then resume.'],
  ])('%s: not tried again, however far it came', async (error, words) => {
    pulls.add({ model: 'm' });
    now().tell(part(100));
    if (error.startsWith('pull')) await fails(said(error));
    if (first()?.state === 'waiting') {
      await clock.advance(1000);
      now().tell(part(100));
    }
    await fails(said(error));
    expect(first()).toMatchObject({ state: 'failed', error: words });
  });

  test('where the connection to Ollama is lost it is tried five times, later each time', async () => {
    pulls.add({ model: 'm' });
    let waits = 2000;
    for (let n = 1; n < 5; n++, waits *= 2) {
      await fails(lost);
      expect(first()?.state).toBe('waiting');
      await clock.advance(waits - 1);
      expect(playing).toHaveLength(n);
      await clock.advance(1);
      expect(playing).toHaveLength(n + 1);
    }
    await fails(lost);
    expect(first()).toMatchObject({ state: 'failed', error: 'The connection to Ollama broke off.' });
  });

  test('while Ollama is away nothing is tried; the line goes on when it is back', async () => {
    away = true;
    pulls.add({ model: 'm' });
    expect(playing).toHaveLength(0);
    away = false;
    places = [''];
    sleeping = undefined;
    pulls.feed();
    expect(playing).toHaveLength(1);
  });
});

test('one at a time; what is paused or cancelled lets the next one begin', async () => {
  for (const model of ['a', 'b', 'c']) pulls.add({ model });
  expect(pulls.add({ model: 'A:latest' })).toMatchObject({ model: 'a', state: 'running' });
  expect(playing.map(({ model }) => model)).toEqual(['a']);
  pulls.pause({ model: 'a' });
  await settled();
  expect(playing.map(({ model }) => model)).toEqual(['a', 'b']);
  expect(playing[0]?.signal.aborted).toBe(true);
  pulls.cancel({ model: 'b' });
  await settled();
  now().done();
  await settled();
  expect(pulls.list).toMatchObject([{ model: 'a', state: 'paused' }]);
  expect(() => pulls.cancel({ model: 'b' })).toThrow('No download of b is in line');
  expect(() => pulls.add({ model: 'a b' })).toThrow("cannot be a model's name");
  for (let n = 1; n < 50; n++) pulls.add({ model: `m${n}` });
  expect(() => pulls.add({ model: 'one-more' })).toThrow(expect.objectContaining({ code: 'pulls_full' }));
});

test('the line outlasts a restart: what ran goes on, what was paused or failed stays so', async () => {
  for (const model of ['failed', 'runs', 'paused', 'waits']) pulls.add({ model });
  await fails(said('no'));
  pulls.pause({ model: 'paused' });
  now().tell(part(300));
  const running = now();
  await pulls.stop();
  expect(running.signal.aborted).toBe(true);
  pulls = made();
  pulls.open();
  expect(pulls.list).toMatchObject([
    { model: 'failed', state: 'failed', error: 'Ollama: “no”', failure: { kind: 'ollama_says', said: 'no' } },
    { model: 'runs', state: 'running', completed: 300, total: 1000 },
    { model: 'paused', state: 'paused' },
    { model: 'waits', state: 'waiting' },
  ]);
  await pulls.stop();
  expect(clock.sleeping).toBe(0);
});

describe('of several machines', () => {
  beforeEach(() => {
    places = ['desktop', 'laptop'];
  });
  const shown = () => pulls.list.map(({ model, upstream, state }) => [model, upstream, state].join(' '));

  test('each downloads one, and one that is away holds up nobody else', async () => {
    sleeping = 'desktop';
    for (const model of ['a', 'b']) for (const upstream of places) pulls.add({ model, upstream });
    expect(shown()).toEqual(['a desktop waiting', 'a laptop running', 'b desktop waiting', 'b laptop waiting']);
    sleeping = undefined;
    pulls.feed();
    expect(playing.map(({ place, model }) => `${model} ${place}`)).toEqual(['a laptop', 'a desktop']);
    now().done();
    await settled();
    expect(shown()).toEqual(['a laptop running', 'b desktop running', 'b laptop waiting']);
  });

  test('one is told by its machine where several download the model, and else found without', () => {
    expect(pulls.add({ model: 'a' })).toMatchObject({ upstream: 'desktop' });
    pulls.add({ model: 'b', upstream: 'laptop' });
    expect(pulls.add({ model: 'b' })).toMatchObject({ upstream: 'laptop' });
    pulls.add({ model: 'a', upstream: 'laptop' });
    expect(() => pulls.pause({ model: 'a' })).toThrow('a is downloaded to desktop, laptop. Name one of them');
    expect(pulls.pause({ model: 'a', upstream: 'laptop' })).toMatchObject({ upstream: 'laptop', state: 'paused' });
    pulls.cancel({ model: 'a', upstream: 'desktop' });
    expect(shown()).toEqual(['b laptop running', 'a laptop paused']);
    expect(() => pulls.cancel({ model: 'b', upstream: 'desktop' })).toThrow('No download of b on desktop');
    expect(() => pulls.add({ model: 'c', upstream: 'nas' })).toThrow('No machine is called nas');
  });

  test('after a restart each goes on where it was, and elsewhere where that machine is gone', async () => {
    for (const upstream of places) pulls.add({ model: 'a', upstream });
    pulls.add({ model: 'b', upstream: 'laptop' });
    await pulls.stop();
    places = ['desktop'];
    pulls = made();
    pulls.open();
    expect(shown()).toEqual(['a desktop running', 'b desktop waiting']);
    await pulls.stop();
    places = [''];
    pulls = made();
    pulls.open();
    expect(shown()).toEqual(['a  running', 'b  waiting']);
  });
});
