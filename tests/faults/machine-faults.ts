// What the machine can do wrong: its clock jumps, its file handles run out.
import { join } from 'node:path';
import { eventually } from '../support/waiting.ts';
import { FakeClock } from './fake-clock.ts';
import { hold, type Fault, PATIENT } from './fault.ts';
import { RawCaller } from './raw-caller.ts';
import type { Ask } from './stand.ts';

const STREAM: Ask = { stream: true };
const MINUTES = 600_000;

const clock: Fault = {
  area: 'The machine',
  name: 'sets its clock a day forward and back',
  promise:
    'No deadline goes by that clock: who runs or waits gets an answer, what is kept is right, and no figure is absurd.',
  async run(ground) {
    const time = new FakeClock(join(await ground.folder(), 'shift'));
    await time.shift(0);
    const stand = await ground.stand({ env: time.env });
    await stand.start();
    await stand.isWell();
    const kept = stand.fresh();
    stand.right(kept, await stand.ask(kept));
    const sources: string[] = [];
    const jumps = ground.isFull ? [1, -1, 0, 1, 30, -30, 0] : [1, -1];
    for (const days of jumps) {
      const gate = stand.fake.gate();
      const texts = [stand.fresh(), stand.fresh(), stand.fresh()];
      const asked = texts.map((text) => stand.ask(text, STREAM));
      await eventually(
        'one runs and two wait',
        async () => {
          const { running, waiting } = (await stand.stats()).queue;
          return running.length === 1 && waiting.length === 2;
        },
        PATIENT,
      );
      await time.shift(days);
      // Seen by the gateway from here on.
      const { uptime_ms: uptime } = await stand.health();
      hold(uptime >= 0 && uptime < MINUTES, `it says that it is up for ${uptime} ms`);
      gate.release();
      for (const [i, text] of texts.entries()) stand.right(text, (await asked[i]) ?? (await stand.ask(text)), STREAM);
      const reply = await stand.ask(kept);
      sources.push(stand.right(kept, reply));
      const age = Number(reply.headers['age'] ?? 0);
      hold(age >= 0 && age < MINUTES / 1000, `a kept answer says that it is ${age} s old`);
    }
    await stand.isWell();
    return `set ${jumps.join(', ')} days off (by ${time.by}): ${3 * jumps.length} answers came, the kept one was ${sources.join(', ')}`;
  },
};

const handles: Fault = {
  area: 'The machine',
  name: 'has no file handles left',
  isLong: true,
  promise: 'The gateway lives, answers those who are connected, and serves again as soon as there are some.',
  cannot: () => (process.platform === 'linux' ? undefined : 'prlimit is of Linux'),
  async run(ground) {
    const limit = 64;
    const stand = await ground.stand({ under: ['prlimit', `--nofile=${limit}`] });
    await stand.start();
    await stand.isWell();
    const before = await stand.handles();
    const connected = await RawCaller.open(stand.url);
    const rounds = ground.isFull ? 20 : 2;
    let [served, turnedAway] = [0, 0];
    for (let i = 0; i < rounds; i++) {
      // They hold a connection each and ask nothing.
      const idle = await Promise.all(Array.from({ length: 2 * limit }, () => RawCaller.open(stand.url)));
      const asked = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const text = stand.fresh();
          const reply = await stand.ask(text, { manner: { leavesAfterMs: 1000 } });
          return { text, reply };
        }),
      );
      for (const { text, reply } of asked) {
        if (reply.status === 0 || !reply.complete) turnedAway++;
        else if (reply.status === 200) {
          stand.right(text, reply);
          served++;
        } else {
          const failure = stand.failed(text, reply);
          hold(reply.text.includes('"retryable":true'), `it was told not to come back: ${failure.error}`);
          hold(!failure.error.includes('does not answer'), `Ollama is there, and it was told: ${failure.error}`);
          turnedAway++;
        }
      }
      connected.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const answers = (): number => connected.text.split('HTTP/1.1 200 ').length - 1;
      await eventually('who is connected is answered', () => answers() === i + 1, PATIENT);
      for (const caller of idle) caller.leave();
      await eventually('the handles are given back', async () => (await stand.handles()) <= before + 4, PATIENT);
      await stand.isWell();
    }
    connected.leave();
    return `${rounds} times ${2 * limit} connections with ${limit} handles: ${served} of ${10 * rounds} questions answered, ${turnedAway} turned away; who was connected before was answered each time, and all was well after each`;
  },
};

export const MACHINE_FAULTS: readonly Fault[] = [clock, handles];
