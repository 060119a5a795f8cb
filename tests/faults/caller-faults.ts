// What callers can do wrong: they flood, stop halfway, never read, or leave, and others are served all the same.
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES } from '../support/soak/soak-routes.ts';
import { eventually } from '../support/waiting.ts';
import { hold, type Fault, type Ground, PATIENT } from './fault.ts';
import { head, RawCaller } from './raw-caller.ts';
import type { Ask, Stand, StandOptions } from './stand.ts';

/** Who looks on while thousands come waits no longer, on a machine that does other work too. */
const MOST_LOOK_MS = 30_000;

async function started(ground: Ground, settings: StandOptions['settings'] = {}): Promise<Stand> {
  const stand = await ground.stand({ settings });
  await stand.start();
  await stand.isWell();
  return stand;
}

/** The same promise, which may fail before anybody waits for it. */
function marked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Asks one question after the other until `over`; each must get its answer. Resolves with their number and the longest wait. */
async function othersUntil(stand: Stand, over: Promise<unknown>): Promise<string> {
  let isOver = false;
  const end = marked(over.finally(() => (isOver = true)));
  let [count, longest] = [0, 0];
  do {
    const text = stand.fresh();
    const from = performance.now();
    stand.right(text, await stand.ask(text));
    longest = Math.max(longest, performance.now() - from);
    count++;
    await Promise.race([end, sleep(10)]);
  } while (!isOver);
  await end;
  return `${count} others were answered meanwhile, the slowest in ${Math.round(longest)} ms`;
}

/** Handles are given back: files and connections. */
async function givenBack(stand: Stand, before: number): Promise<void> {
  // Connections to Ollama that are kept for the next call.
  const kept = 8;
  await eventually('the handles are given back', async () => (await stand.handles()) <= before + kept, PATIENT);
}

const flood: Fault = {
  area: 'Callers',
  name: 'flood it',
  promise:
    'Each gets its own whole answer or is told that the line is full and when to come back; who looks is answered meanwhile, and all is given back.',
  async run(ground) {
    const stand = await started(ground);
    const handles = await stand.handles();
    const all = ground.isFull ? 4000 : 150;
    let [answered, refused] = [0, 0];
    // As the window does, over a connection that it has from before.
    const watcher = new Agent({ keepAlive: true, maxSockets: 1 });
    const looks = (): Promise<void> =>
      new Promise((resolve, reject) => {
        get(`${stand.url}/health`, { agent: watcher }, (res) => res.resume().on('end', resolve)).on('error', reject);
      });
    await looks();
    const callers = Array.from({ length: all }, async () => {
      const text = stand.fresh();
      const reply = await stand.ask(text, { stream: true });
      if (reply.status === 200) {
        stand.right(text, reply, { stream: true });
        answered++;
      } else {
        const { code } = stand.failed(text, reply);
        hold(code === 'queue_full' && Number(reply.headers['retry-after']) > 0, `${reply.status} ${reply.text}`);
        refused++;
      }
    });
    let isOver = false;
    const end = marked(Promise.all(callers).finally(() => (isOver = true)));
    let longest = 0;
    while (!isOver) {
      const from = performance.now();
      await looks();
      longest = Math.max(longest, performance.now() - from);
      await Promise.race([end, sleep(10)]);
    }
    await end;
    watcher.destroy();
    hold(longest <= MOST_LOOK_MS, `/health took ${Math.round(longest)} ms`);
    const memory = await stand.memoryMb();
    stand.sender.close();
    await givenBack(stand, handles);
    await stand.isWell();
    return `${all} at once: ${answered} answered, ${refused} refused; /health in ${Math.round(longest)} ms at most; ${memory} MB of memory`;
  },
};

const halves: Fault = {
  area: 'Callers',
  name: 'connect and send half a request',
  isLong: true,
  promise: 'They cost nobody else anything, and those who do not go on are cut off after a minute.',
  async run(ground) {
    const stand = await started(ground);
    const handles = await stand.handles();
    const whole = `${head('/api/chat', 1000)}{"model":"llama3.2","messages":[{"role":"user","content":"half`;
    const cuts = Array.from({ length: ground.isFull ? 1000 : 200 }, () => ground.chance.below(whole.length));
    const callers = await Promise.all(cuts.map(() => RawCaller.open(stand.url)));
    for (const [i, caller] of callers.entries()) caller.write(whole.slice(0, cuts[i]));
    const asking = cuts.filter((cut) => cut > 0).length;
    const over = ground.isFull
      ? Promise.all(
          callers.map((caller) =>
            eventually('cut off', () => caller.text !== '' || caller.isClosed || cuts[callers.indexOf(caller)] === 0, {
              limitMs: 150_000,
              everyMs: 500,
            }),
          ),
        )
      : sleep(300);
    const others = await othersUntil(stand, over);
    for (const caller of callers) caller.leave();
    await givenBack(stand, handles);
    await stand.isWell();
    const cut = ground.isFull ? `all ${asking} that had begun were cut off` : 'they were not waited for';
    return `${callers.length} half requests; ${others}; ${cut}`;
  },
};

const closes: Fault = {
  area: 'Callers',
  name: 'close their half of the connection after asking',
  isLong: true,
  promise: 'It is taken as leaving, as Ollama takes it: the run ends and its slot is free.',
  async run(ground) {
    const stand = await started(ground);
    const gate = stand.fake.gate();
    const body = JSON.stringify({ model: 'llama3.2', messages: [{ role: 'user', content: stand.fresh() }] });
    const caller = await RawCaller.open(stand.url);
    caller.write(`${head('/api/chat', Buffer.byteLength(body))}${body}`);
    await stand.fake.until(({ active }) => active === 1, 60_000);
    caller.socket.end();
    await stand.fake.until(({ active }) => active === 0, 60_000);
    await caller.closed();
    gate.release();
    await stand.isWell();
    const { cancelled } = (await stand.stats()).queue.totals;
    hold(cancelled === 1, `${cancelled} were counted as cancelled`);
    return 'the run was given up and counted as cancelled';
  },
};

const deaf: Fault = {
  area: 'Callers',
  name: 'never read their answer',
  isLong: true,
  promise: 'They are cut after server.stalled_reader_s, hold no slot, and take a bounded amount of memory.',
  async run(ground) {
    const stand = await started(ground, { 'server.stalled_reader_s': 2, 'queue.max_concurrent': 4 });
    const handles = await stand.handles();
    const before = await stand.memoryMb();
    const count = ground.isFull ? 100 : 10;
    // More than the system keeps for a connection.
    const long = { pieces: Array.from({ length: 400 }, (_, i) => `${i} ${'x'.repeat(20_000)}`) };
    stand.next(...Array.from({ length: count }, () => long));
    const callers = await Promise.all(
      Array.from({ length: count }, async () => {
        const caller = await RawCaller.open(stand.url, { reads: false });
        const messages = [{ role: 'user', content: stand.fresh() }];
        const body = JSON.stringify({ model: 'llama3.2', stream: true, messages });
        caller.write(`${head('/api/chat', Buffer.byteLength(body))}${body}`);
        return caller;
      }),
    );
    await eventually('their runs have begun', () => stand.fake.chats().length >= count, PATIENT);
    let most = before;
    const cut = eventually(
      'all are cut',
      async () => {
        most = Math.max(most, await stand.memoryMb());
        return (stand.cli.err.match(/read nothing of its answer/g) ?? []).length >= count;
      },
      PATIENT,
    );
    const others = await othersUntil(stand, cut);
    for (const caller of callers) caller.leave();
    await givenBack(stand, handles);
    await stand.isWell();
    return `${count} answers of 8 MB that nobody read were all cut; ${others}; from ${before} to at most ${most} MB of memory`;
  },
};

const slow: Fault = {
  area: 'Callers',
  name: 'send their bodies one byte at a time',
  isLong: true,
  promise: 'Each gets its answer when its body is there, and holds no slot before.',
  async run(ground) {
    const stand = await started(ground);
    const [count, byteMs] = ground.isFull ? [50, 1000] : [20, 4];
    const one = async (): Promise<void> => {
      const text = stand.fresh();
      const body = Buffer.from(
        JSON.stringify({ model: 'llama3.2', stream: true, messages: [{ role: 'user', content: text }] }),
      );
      const caller = await RawCaller.open(stand.url);
      caller.write(head('/api/chat', body.length));
      for (const byte of body) {
        caller.socket.write(Uint8Array.of(byte));
        await sleep(byteMs);
      }
      await caller.closed();
      hold(caller.text.includes('"done":true'), `it got ${JSON.stringify(caller.text)}`);
    };
    const from = performance.now();
    const others = await othersUntil(stand, Promise.all(Array.from({ length: count }, one)));
    await stand.isWell();
    const seconds = Math.round((performance.now() - from) / 1000);
    return `${count} bodies at one byte per ${byteMs} ms were answered after ${seconds} s; ${others}`;
  },
};

const leaves: Fault = {
  area: 'Callers',
  name: 'leave at every byte of the answer',
  promise: 'The slot is free at once, nothing of the answer is kept, and nothing is left open.',
  async run(ground) {
    const stand = await started(ground, { 'queue.max_concurrent': 4 });
    const handles = await stand.handles();
    const text = stand.fresh();
    let left = 0;
    const asked: string[] = [];
    for (const route of ROUTES.filter(({ path }) => path === '/api/chat' || path === '/v1/chat/completions')) {
      const ask: Ask = { route, stream: true, headers: { 'x-cache-control': 'no-store' } };
      const reply = await stand.ask(text, ask);
      stand.right(text, reply, ask);
      const bytes = Buffer.byteLength(reply.text);
      const step = ground.isFull ? 1 : 151;
      for (let at = ground.chance.below(step); at < bytes; at += step) {
        // Piece by piece, so that there is something to leave before its end.
        stand.next({ pieceMs: 0 });
        const cut = await stand.ask(text, { ...ask, manner: { leavesAfterBytes: at } });
        hold(reply.text.startsWith(cut.text.slice(0, 5)), `at byte ${at} came ${cut.text}`);
        left++;
      }
      asked.push(`${route.path} (${bytes} bytes)`);
    }
    const source = stand.right(text, await stand.ask(text));
    hold(source === 'MISS', `afterwards the answer was a ${source}`);
    await givenBack(stand, handles);
    await stand.isWell();
    return `left at ${left} places of ${asked.join(' and ')}`;
  },
};

export const CALLER_FAULTS: readonly Fault[] = [flood, halves, closes, deaf, slow, leaves];
