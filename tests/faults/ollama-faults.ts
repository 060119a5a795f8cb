// What Ollama, or the network before it, can do wrong: each time the caller is told, nothing of it is kept, and the next
// question is answered.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/waiting.ts';
import { hold, type Fault, type Ground, PATIENT } from './fault.ts';
import type { Ask, Failure, Stand, StandOptions } from './stand.ts';

const STREAM: Ask = { stream: true };
const never = new Promise<never>(() => undefined);

/** A gateway whose model is loaded, so that the next call is the question. */
async function started(ground: Ground, options: StandOptions = {}): Promise<Stand> {
  const stand = await ground.stand(options);
  await stand.start();
  await stand.isWell();
  return stand;
}

/** Asks a question whose answer fails, and then again: nothing of the failure was kept. */
async function failsOnce(stand: Stand, ask: Ask, code: string): Promise<Failure> {
  const text = stand.fresh();
  const failure = stand.failed(text, await stand.ask(text, ask), ask);
  hold(failure.code === code, `it failed with ${String(failure.code)}: ${failure.error}`);
  const source = stand.right(text, await stand.ask(text, ask), ask);
  hold(source === 'MISS', `asked again, the answer was a ${source}`);
  return failure;
}

const secondsSince = (startedAt: number): string => ((performance.now() - startedAt) / 1000).toFixed(1);

const refuses: Fault = {
  area: 'Ollama',
  name: 'refuses connections, then comes back',
  isLong: true,
  promise:
    'Kept answers still come, other questions get an error that may be tried again, and all is well when it is back.',
  async run(ground) {
    const stand = await started(ground);
    const kept = stand.fresh();
    stand.right(kept, await stand.ask(kept));
    await stand.fake.goDown();
    const failures: Failure[] = [];
    for (let i = 0; i < 5; i++) {
      const text = stand.fresh();
      failures.push(stand.failed(text, await stand.ask(text)));
    }
    const codes = [...new Set(failures.map(({ code }) => String(code)))];
    hold(
      codes.every((code) => code === 'upstream_unreachable' || code === 'breaker_open'),
      `it failed with ${codes.join(', ')}`,
    );
    const source = stand.right(kept, await stand.ask(kept));
    hold(source === 'HIT', `while Ollama was away a kept answer was a ${source}`);
    await stand.fake.comeBack();
    const startedAt = performance.now();
    await eventually('it sees that Ollama is back', async () => (await stand.health()).status === 'healthy', PATIENT);
    const seen = secondsSince(startedAt);
    await stand.isWell();
    return `5 failures (${codes.join(', ')}), the kept answer came; seen to be back after ${seen} s`;
  },
};

const hangs: Fault = {
  area: 'Ollama',
  name: 'hangs before or in its answer',
  isLong: true,
  promise:
    'After the time that the settings give, the caller is told which silence it was, and the slot is free again.',
  async run(ground) {
    const stand = await started(ground, {
      settings: { 'ollama.first_token_timeout_seconds': 1, 'ollama.timeout_seconds': 1 },
    });
    const from = performance.now();
    stand.next({ silent: true });
    await failsOnce(stand, STREAM, 'first_token_timeout');
    const first = secondsSince(from);
    stand.next({ pauseAfter: { pieces: 2, until: never } });
    const middle = performance.now();
    await failsOnce(stand, STREAM, 'idle_timeout');
    const second = secondsSince(middle);
    await stand.isWell();
    return `limits of 1 s: told after ${first} s before a token, ${second} s in the middle`;
  },
};

const resets: Fault = {
  area: 'Ollama',
  name: 'is cut at every byte of its answer',
  promise: 'A part of an answer never passes for all of it, no character is torn, and nothing of it is kept.',
  async run(ground) {
    const stand = await started(ground, { rough: true });
    const text = stand.fresh();
    const ask: Ask = { ...STREAM, headers: { 'x-cache-control': 'no-store' } };
    stand.right(text, await stand.ask(text, ask), ask);
    const step = ground.isFull ? 1 : 97;
    const all = stand.wire.bytes;
    let [failed, whole, told] = [0, 0, 0];
    for (let bytes = 1 + ground.chance.below(step); bytes < all; bytes += step) {
      stand.wire.next({ cutAfter: bytes });
      const reply = await stand.ask(text, ask);
      hold(!reply.text.includes('\uFFFD'), `torn at byte ${bytes}: ${reply.text}`);
      if (reply.text.includes('"error"')) {
        const { code } = stand.failed(text, reply, ask);
        hold(code === 'upstream_failed' || code === 'upstream_unreachable', `cut at byte ${bytes}: ${String(code)}`);
        failed++;
        if (reply.text.includes('"content"')) told++;
      } else {
        stand.right(text, reply, ask);
        whole++;
      }
    }
    const source = stand.right(text, await stand.ask(text));
    hold(source === 'MISS', `afterwards the answer was a ${source}`);
    await stand.isWell();
    return `${failed + whole} cuts in ${all} bytes: ${failed} told as a failure, ${told} of them behind a part of the answer; ${whole} answers whole all the same`;
  },
};

const trickles: Fault = {
  area: 'Ollama',
  name: 'trickles one byte at a time',
  isLong: true,
  promise: 'Slow is not dead: an answer whose bytes keep coming is waited for, and others are answered meanwhile.',
  async run(ground) {
    // Shorter in all than the caller waits (120 s).
    const [byteMs, count] = ground.isFull ? [1000, 90] : [30, 150];
    // The frame of an HTTP chunk is up to 8 bytes in a row that are none of the answer's.
    const timeout = (12 * byteMs) / 1000;
    const stand = await started(ground, {
      rough: true,
      settings: { 'queue.max_concurrent': 2, 'ollama.timeout_seconds': Math.max(2, timeout) },
    });
    // In the middle of its lines: no whole line comes within the time.
    stand.wire.next({ slow: { from: 400, count, byteMs } });
    const text = stand.fresh();
    const from = performance.now();
    const slow = stand.ask(text, STREAM);
    let others = 0;
    let isOver = false;
    const end = slow.finally(() => (isOver = true));
    while (!isOver) {
      const other = stand.fresh();
      stand.right(other, await stand.ask(other));
      others++;
      await Promise.race([end, sleep(10)]);
    }
    stand.right(text, await end, STREAM);
    await stand.isWell();
    return `an answer with ${count} bytes at one per ${byteMs} ms came whole after ${secondsSince(from)} s; ${others} others were answered meanwhile`;
  },
};

const floods: Fault = {
  area: 'Ollama',
  name: 'sends 100 MB without a line end',
  promise: 'Past ollama.max_answer_mb the connection is closed and the caller told; the memory stays bounded.',
  async run(ground) {
    const limitMb = ground.isFull ? 64 : 16;
    const stand = await started(ground, { rough: true, settings: { 'ollama.max_answer_mb': limitMb } });
    const before = await stand.memoryMb();
    let most = before;
    const watching = setInterval(() => {
      void stand.memoryMb().then((mb) => (most = Math.max(most, mb)));
    }, 10);
    stand.wire.next({ endless: 100 * 1024 * 1024 });
    const text = stand.fresh();
    const { code } = stand.failed(text, await stand.ask(text, STREAM), STREAM);
    clearInterval(watching);
    hold(code === 'upstream_failed', `it failed with ${String(code)}`);
    hold(most - before < 4 * limitMb + 64, `the memory grew from ${before} to ${most} MB`);
    await stand.isWell();
    return `${before} MB of memory before, ${most} MB at most with a limit of ${limitMb} MB for an answer`;
  },
};

const babbles: Fault = {
  area: 'Ollama',
  name: 'sends what is not its protocol',
  isLong: true,
  promise:
    'A line that is no JSON, an answer that another program gives and a failure in the middle are told as such, and nothing of them is kept.',
  async run(ground) {
    const stand = await started(ground);
    const said: string[] = [];
    for (const pieces of [1, 3]) {
      stand.next({ malformedAfter: pieces });
      said.push((await failsOnce(stand, STREAM, 'upstream_failed')).error);
      stand.next({ failAfter: { pieces, error: 'the runner fell over' } });
      said.push((await failsOnce(stand, {}, 'upstream_failed')).error);
    }
    for (const body of ['<!doctype html><title>Welcome</title>', '[1,2', '"text"', '\n\n', '{"done":1e999}', '[]']) {
      const gate = stand.fake.instead(({ path }) => path === '/api/chat', { status: 200, body });
      const text = stand.fresh();
      const failure = stand.failed(text, await stand.ask(text));
      hold(failure.code === 'upstream_failed', `${body} was ${String(failure.code)}: ${failure.error}`);
      said.push(failure.error);
      gate.release();
      stand.right(text, await stand.ask(text));
    }
    await stand.isWell();
    return `${said.length} answers refused, in ${new Set(said).size} different sentences`;
  },
};

const slices: Fault = {
  area: 'Ollama',
  name: 'sends packets that cut characters and lines',
  isLong: true,
  promise: 'The answer is the same however its bytes are cut.',
  async run(ground) {
    const stand = await started(ground);
    const sizes = ground.isFull ? Array.from({ length: 80 }, (_, i) => i + 1) : [1, 2, 3, 5, 64];
    for (const chunkBytes of sizes) {
      const text = stand.fresh();
      stand.next({ chunkBytes });
      const reply = await stand.ask(text, STREAM);
      stand.right(text, reply, STREAM);
      const source = stand.right(text, await stand.ask(text));
      hold(source === 'HIT', `what was kept of it was a ${source}`);
    }
    await stand.isWell();
    return `the same answer in packets of ${sizes.length} sizes from ${sizes[0]} to ${sizes.at(-1)} bytes`;
  },
};

const changes: Fault = {
  area: 'Ollama',
  name: 'gets other weights for a name in the middle of an answer',
  isLong: true,
  promise: 'What the old weights said is never given for the new ones once these are seen.',
  async run(ground) {
    const stand = await started(ground);
    const model = stand.fake.loaded()[0]?.name ?? 'llama3.2:latest';
    const text = stand.fresh();
    const gate = stand.fake.gate();
    const asked = stand.ask(text, STREAM);
    await stand.fake.until(({ active }) => active === 1);
    // As `ollama pull` in another window does.
    stand.fake.install({ name: model, capabilities: ['completion', 'tools', 'thinking'], digest: 'f'.repeat(64) });
    gate.release();
    stand.right(text, await asked, STREAM);
    const from = performance.now();
    await eventually(
      'the new weights are seen',
      async () => {
        const reply = await stand.ask(text, { headers: { 'x-cache-control': 'only-if-cached' } });
        return reply.status === 504;
      },
      { ...PATIENT, everyMs: 100 },
    );
    const seen = secondsSince(from);
    const source = stand.right(text, await stand.ask(text));
    hold(source === 'MISS', `the new weights' first answer was a ${source}`);
    hold(stand.right(text, await stand.ask(text)) === 'HIT', 'the answer of the new weights was not kept');
    await stand.isWell();
    return `the answer of the old weights was not given any more ${seen} s after their run`;
  },
};

export const OLLAMA_FAULTS: readonly Fault[] = [refuses, hangs, resets, trickles, floods, babbles, slices, changes];
