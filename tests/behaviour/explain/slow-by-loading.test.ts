// Why it was slow: each cause of a load, provoked, and the sentence that GET /api/requests/:id has of it. The clock stands still
// unless it is moved, so that the figures are exact.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSlowHearth, type Asking, type SlowHearth } from '../../support/slow-hearth.ts';
import { eventually } from '../../support/waiting.ts';

let hearth: SlowHearth;
const startWith = (...options: Parameters<typeof startSlowHearth>): void => {
  beforeAll(async () => {
    hearth = await startSlowHearth(...options);
  });
  afterAll(() => hearth.stop());
};

/** Asks, while the load that this takes lasts so long. */
async function loads(id: string, how: Asking = {}, ms = 12_000): Promise<string> {
  const { fake, clock } = hearth;
  // Whatever was used before was used before this load.
  clock.pass(1);
  const gate = fake.gateLoads();
  const before = fake.loads.length;
  const answer = hearth.ask(id, how);
  await fake.until((seen) => seen.loads.length > before);
  clock.pass(ms);
  gate.release();
  await answer;
  return id;
}

const options = (more: object): object => ({ options: more });

describe('an Ollama that has room for one model', () => {
  startWith({ fake: { maxLoaded: 1 } });
  const QWEN: Asking = { by: 'Continue', model: 'm1' };

  test('load-first: nothing had asked for it', async () => {
    expect(await hearth.why(await loads('first'))).toMatchObject({
      cause: 'load-first',
      text: 'm0:latest was needed for the first time since Hearth started: that took 12 of 12 s.',
      setting: { path: 'ollama.preload' },
    });
  });

  test('load-num-ctx: another num_ctx was asked for than before', async () => {
    await loads('9102', { by: 'aider', more: options({ num_ctx: 9102 }) }, 0);
    const id = await loads('9340', { by: 'aider', more: options({ num_ctx: 9340 }) });
    expect(await hearth.why(id)).toMatchObject({
      cause: 'load-num-ctx',
      text: 'm0:latest was loaded anew because aider asked for num_ctx 9340 after 9102: that took 12 of 12 s.',
      more: 'To end that, set num_ctx to "auto" for m0:latest in ollama.models.',
      setting: { path: 'ollama.models' },
    });
    const other = await loads('none', { by: 'Continue' });
    expect((await hearth.why(other))?.text).toMatch(/ because Continue asked for no num_ctx after 9340 for aider:/);
  });

  test('load-options: another option of the runner was asked for', async () => {
    const id = await loads('num-gpu', { by: 'aider', more: options({ num_gpu: 20 }) });
    expect(await hearth.why(id)).toMatchObject({
      cause: 'load-options',
      text: 'm0:latest was loaded anew because aider asked for num_gpu 20 after none for Continue: that took 12 of 12 s.',
    });
  });

  test('load-pushed-out: another model took its place', async () => {
    await loads('m0', {}, 0);
    await loads('m1', QWEN, 0);
    expect(await hearth.why(await loads('m0-again'))).toMatchObject({
      cause: 'load-pushed-out',
      text: 'm0:latest had made room for m1:latest, which Continue asked for: that took 12 of 12 s.',
    });
  });

  test('load-in-turns: they go on with it', async () => {
    expect(await hearth.why(await loads('m1-again', QWEN))).toMatchObject({
      cause: 'load-in-turns',
      text: 'm1:latest and m0:latest push each other out of memory, twice by now: that took 12 of 12 s.',
    });
  });

  test('load-slow: it took longer than usual', async () => {
    await loads('slow', {}, 60_000);
    expect(await hearth.why('slow')).toMatchObject({
      cause: 'load-slow',
      text: expect.stringMatching(/^Loading m0:latest took 60 of 60 s; usually it takes [\d.]+ s\.$/),
    });
  });
});

describe('an Ollama that has room for all', () => {
  startWith({
    config: { ollama: { keep_alive: '10m', models: { m2: { num_ctx: 'auto' } } } },
    fake: { keepAliveMs: 600_000 },
  });

  test('load-expired: its time in memory was over', async () => {
    await loads('before', {}, 0);
    hearth.fake.unloadAll();
    hearth.clock.pass(700_000);
    expect(await hearth.why(await loads('expired'))).toMatchObject({
      cause: 'load-expired',
      text: 'm0:latest had been unloaded, since its keep_alive of 10 min had run out: that took 12 of 12 s.',
      setting: { path: 'ollama.keep_alive' },
    });
  });

  test('load-unloaded: somebody had it unloaded', async () => {
    const { signal } = new AbortController();
    await loads('to-be-unloaded', { model: 'm3' }, 0);
    await hearth.backend.control.act('unload_model', { model: 'm3' }, signal);
    expect(await hearth.why(await loads('unloaded', { model: 'm3' }))).toMatchObject({
      cause: 'load-unloaded',
      text: 'm3:latest had been unloaded on request: that took 12 of 12 s.',
    });
  });

  test('load-larger-context: the prompt needed it', async () => {
    const long = { messages: [{ role: 'user', content: 'a'.repeat(20_000) }] };
    await loads('short', { model: 'm2' }, 0);
    expect(await hearth.why(await loads('long', { model: 'm2', more: long }))).toMatchObject({
      cause: 'load-larger-context',
      text: 'm2:latest was loaded anew because its prompt needed num_ctx 8192 after 4096: that took 12 of 12 s.',
    });
  });

  test('load: Ollama loaded by itself', async () => {
    hearth.fake.killRunner('m0');
    hearth.fake.next({ extraFinal: { load_duration: 12e9 } });
    const id = await loads('by-itself');
    expect(await hearth.why(id)).toMatchObject({ cause: 'load', text: 'Loading m0:latest took 12 of 12 s.' });
  });

  test('load-after-restart: Ollama was started anew', async () => {
    const { fake, backend, clock } = hearth;
    await loads('before-restart', { model: 'm4' }, 0);
    const isUp = async (): Promise<boolean> => {
      await clock.advance(5000);
      return backend.control.live().health.upstream.state === 'up';
    };
    await fake.goDown();
    await eventually('it is noticed', async () => !(await isUp()));
    await fake.comeBack();
    await eventually('it is back', isUp);
    await loads('restarted', { model: 'm4' });
    expect(await hearth.why('restarted')).toMatchObject({
      cause: 'load-after-restart',
      text: 'Ollama was started anew, so its memory was empty: that took 12 of 12 s.',
      setting: { path: 'ollama.preload' },
    });
  });
});

test('load-elsewhere: a program past Hearth had loaded it with other options', async () => {
  hearth = await startSlowHearth({});
  const { fake, backend } = hearth;
  const direct = { model: 'm0', options: { num_ctx: 8192 } };
  await fetch(`${fake.url}/api/generate`, { method: 'POST', body: JSON.stringify(direct) });
  backend.control.lookAgain();
  await eventually('it is seen', () => backend.control.live().models.some(({ loaded }) => loaded));
  await loads('elsewhere', { more: options({ num_ctx: 2048 }) });
  expect(await hearth.why('elsewhere')).toMatchObject({
    cause: 'load-elsewhere',
    text: 'Another program than Hearth had unloaded m0:latest or loaded it with other options: that took 12 of 12 s.',
  });
  await hearth.stop();
});
