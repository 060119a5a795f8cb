// What real pages in a real Chromium can do to the gateway. A page of a foreign origin tries every route in every way that
// a browser has: it reads nothing, and nothing is done. Allowed pages can do everything but manage models, and read it.
import { pino } from 'pino';
import type { Frame, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXPOSED_HEADERS } from '../../backend/http/door/guard.ts';
import { startHearth, type Hearth, type HearthOptions } from '../support/hearth.ts';
import { DOORS, type Door } from '../support/page/doors.ts';
import { AS_A_CLIENT, attempt, PLAINLY, startWeb, WAYS, type Learnt, type Way, type Web } from '../support/page/web.ts';

let web: Web;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.stop());

/** What the gateway logged of each request, in the order of their ends. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly code?: string;
}

const CONFIG = (): NonNullable<HearthOptions['config']> => ({
  cors: { allowed_origins: [`http://allowed.example:${web.port}`] },
});

let hearth: Hearth;
let seen: Seen[] = [];
let page: Page;
beforeEach(async () => {
  seen = [];
  const write = (line: string): void => {
    const fields = JSON.parse(line) as Partial<Seen>;
    // The browser itself asks each site for its icon.
    if (fields.path !== undefined && fields.path !== '/favicon.ico') seen.push(fields as Seen);
  };
  hearth = await startHearth({
    log: pino({ level: 'debug' }, { write }),
    config: CONFIG(),
    // A proxy in front of Ollama that lets everybody in must not let anybody in here.
    fake: { headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' } },
  });
  page = await web.newPage();
});
afterEach(async () => {
  await page.close();
  await hearth.stop();
});

/** A no-cors request with a method or type of its own is refused by the browser itself. */
const canBeSent = ({ method }: Door, way: Way): boolean => way.mode !== 'no-cors' || method !== 'DELETE';

/** What would be different if a page had come through. */
function state(): object {
  const { stats, queue } = hearth.backend.control.live();
  const { total_entries, hits, misses } = stats.response_cache;
  const asked = hearth.fake.calls.filter(
    ({ path }) => !['/api/version', '/api/ps', '/api/tags', '/api/show'].includes(path),
  );
  return {
    cache: { total_entries, hits, misses },
    conversations: stats.conversation_cache.total_entries,
    queue: { length: queue.queue_length, totals: queue.totals },
    calls: asked.length,
    models: hearth.fake.loaded().length,
  };
}

/** Something to lose: a kept answer, a conversation. */
async function furnish(): Promise<object> {
  await (await hearth.chat('Why does bread rise?', { conversation_id: 'talk' })).json();
  seen = [];
  return state();
}

const base = (name = '127.0.0.1'): string => `http://${name}:${new URL(hearth.url).port}`;
const goTo = async (host: string, path = '/'): Promise<void> => {
  await page.goto(`http://${host}:${web.port}${path}`);
};

const refusals = (): string[] => [...new Set(seen.map(({ status, code }) => `${status} ${code}`))];
const NOTHING = { failed: 'TypeError: Failed to fetch' };

describe('a page of a foreign origin', () => {
  test.each(Object.keys(WAYS))('asking %s reads nothing, and nothing is done', async (name) => {
    const before = await furnish();
    const way = WAYS[name] as Way;
    const doors = DOORS.filter((door) => canBeSent(door, way));
    await goTo('foreign.example');
    for (const learnt of await attempt(page, base(), way, doors)) {
      expect(learnt).toEqual(way.mode === 'no-cors' ? { status: 0, text: '', headers: {} } : NOTHING);
    }
    expect(refusals()).toEqual(['403 origin_not_allowed']);
    expect(seen).toHaveLength(doors.length);
    expect(state()).toEqual(before);
  });

  test.each(['localhost.foreign.example', '127.0.0.1.foreign.example'])('%s is one, too', async (name) => {
    const before = await furnish();
    await goTo(name);
    for (const learnt of await attempt(page, base(), PLAINLY)) expect(learnt).toEqual(NOTHING);
    expect(refusals()).toEqual(['403 origin_not_allowed']);
    expect(state()).toEqual(before);
  });

  test('gets nothing by picture, script, beacon, form or event source either', async () => {
    const before = await furnish();
    await goTo('foreign.example');
    const failed = await page.evaluate(async (base) => {
      const loads = (element: HTMLElement): Promise<string> =>
        new Promise((resolve) => {
          element.addEventListener('load', () => resolve('loaded'));
          element.addEventListener('error', () => resolve('failed'));
          document.body.append(element);
        });
      const source = new EventSource(`${base}/api/events`);
      const events = new Promise((resolve) => {
        source.addEventListener('open', () => resolve('open'));
        source.addEventListener('error', () => resolve('failed'));
      });
      const picture = loads(Object.assign(document.createElement('img'), { src: `${base}/api/tags` }));
      const script = loads(Object.assign(document.createElement('script'), { src: `${base}/openapi.json` }));
      navigator.sendBeacon(`${base}/api/cache-stats`, '{"action":"clear"}');
      const target = document.createElement('iframe');
      target.name = 'target';
      const shown = loads(target);
      const form = document.createElement('form');
      Object.assign(form, { action: `${base}/api/chat`, method: 'post', enctype: 'text/plain', target: 'target' });
      // The old trick by which a form sends JSON: the equals sign falls into a string.
      const field = document.createElement('input');
      Object.assign(field, { name: '{"model":"llama3.2","messages":[{"role":"user","content":"', value: '"}]}' });
      form.append(field);
      await shown;
      document.body.append(form);
      const sent = new Promise((resolve) => target.addEventListener('load', resolve, { once: true }));
      form.submit();
      await sent;
      return [await events, await picture, await script, String(target.contentDocument)];
    }, base());
    expect(failed).toEqual(['failed', 'failed', 'failed', 'null']);
    await expect.poll(() => seen.length).toBe(5);
    expect(seen.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      ['GET /api/events', 'GET /api/tags', 'GET /openapi.json', 'POST /api/cache-stats', 'POST /api/chat'].toSorted(),
    );
    expect(refusals()).toEqual(['403 origin_not_allowed']);
    expect(state()).toEqual(before);
  });

  test('of the internet, whom the user lets into this machine’s network, is still refused here', async () => {
    const before = await furnish();
    await goTo('foreign.example', '/public');
    // Chromium itself keeps it out until it may.
    expect(await attempt(page, base(), PLAINLY, DOORS.slice(0, 1))).toEqual([NOTHING]);
    expect(seen).toEqual([]);
    await page.context().grantPermissions(['local-network-access']);
    for (const learnt of await attempt(page, base(), PLAINLY)) expect(learnt).toEqual(NOTHING);
    expect(seen).toHaveLength(DOORS.length);
    expect(refusals()).toEqual(['403 origin_not_allowed']);
    expect(state()).toEqual(before);
  });
});

test('a sandboxed frame, whose origin is "null", is refused also within an allowed page', async () => {
  const before = await furnish();
  await goTo('localhost', '/framed');
  const [, frame] = page.frames();
  expect(await frame?.evaluate(() => origin)).toBe('null');
  for (const way of [PLAINLY, AS_A_CLIENT]) {
    for (const learnt of await attempt(frame as Frame, base(), way)) expect(learnt).toEqual(NOTHING);
  }
  expect(refusals()).toEqual(['403 origin_not_allowed']);
  expect(seen).toHaveLength(2 * DOORS.length);
  expect(state()).toEqual(before);
});

test('a page whose name was rebound to this machine is told that it is refused, and does nothing', async () => {
  const before = await furnish();
  // It stands at the gateway's own address now, as far as the browser knows, so no other rule holds it back.
  expect((await page.goto(base('rebind.example')))?.status()).toBe(403);
  expect(await page.evaluate(() => origin)).toBe(base('rebind.example'));
  seen = [];
  for (const way of [PLAINLY, AS_A_CLIENT]) {
    for (const { status, text } of await attempt(page, base('rebind.example'), way)) {
      expect(status).toBe(403);
      expect(text).toMatch(/rebind\.example/);
    }
  }
  expect(refusals()).toEqual(['403 host_not_allowed']);
  expect(seen).toHaveLength(2 * DOORS.length);
  expect(state()).toEqual(before);
});

describe.each(['localhost', 'allowed.example'])('a page of %s', (name) => {
  test('may use every route with headers of its own, but manages no models', async () => {
    await furnish();
    const allowed: string[][] = [];
    page.on('response', (answer) => {
      const told = answer.headersArray().then((headers) => {
        if (answer.url().startsWith(base()))
          allowed.push(
            headers.filter(({ name }) => /^access-control-allow-origin$/i.test(name)).map(({ value }) => value),
          );
      });
      told.catch(() => undefined);
    });
    await goTo(name);
    const learnt = await attempt(page, base(), AS_A_CLIENT);
    const told = learnt.map(({ status, text = '' }) => {
      const code = status === 200 || status === 202 ? undefined : (JSON.parse(text) as { code: string }).code;
      return { status, code };
    });
    const isFromHere = name === 'localhost';
    expect(told).toEqual(
      DOORS.map(({ status, code, manages }) =>
        manages === true && !isFromHere ? { status: 403, code: 'forbidden' } : { status, code },
      ),
    );
    for (const { headers } of learnt) expect(headers?.['x-request-id']).toBe('from-a-page');
    await expect.poll(() => allowed.length).toBeGreaterThanOrEqual(DOORS.length);
    expect(allowed.filter((values) => values.length !== 1 || values[0] !== `http://${name}:${web.port}`)).toEqual([]);
    expect(hearth.fake.calls.filter(({ path }) => /pull|push|create|copy|delete|signout|blobs/.test(path))).toEqual([]);
  });

  test('may read where an answer came from, and keeps its hit although it asks with no-store', async () => {
    await goTo(name);
    const body = { model: 'llama3.2', messages: [{ role: 'user', content: 'Why?' }], options: { temperature: 0 } };
    const chat: Door = { method: 'POST', path: '/api/chat', body, status: 200 };
    const way: Way = { ...AS_A_CLIENT, cache: 'no-store' };
    const [first, again] = await attempt(page, base(), way, [chat, chat]);
    expect(first?.headers).toMatchObject({ 'x-cache': 'MISS', age: '0', 'x-cache-key': expect.any(String) });
    expect(again?.headers).toMatchObject({ 'x-cache': 'HIT', 'x-cache-key': first?.headers?.['x-cache-key'] });
    expect(again?.headers?.['cache-status']).toMatch(/^hearth; hit; ttl=\d+; detail=/);
    expect(hearth.fake.chats()).toHaveLength(1);
  });

  test('may read every header of ours, also those of refusals', async () => {
    const readable = new Set<string>();
    const note = (learnt: readonly Learnt[]): void => {
      for (const { headers = {} } of learnt) for (const header of Object.keys(headers)) readable.add(header);
    };
    await goTo(name);
    const messages = [
      { role: 'system', content: 'Current time: 10:21' },
      { role: 'user', content: 'Why?' },
    ];
    const prompts = { apps: { '*': { clock: 'to_end' as const } } };
    hearth.backend.configure(hearth.config({ ...CONFIG(), prompts }));
    const asked = { method: 'POST', path: '/api/chat-optimized', status: 200 };
    note(
      await attempt(page, base(), AS_A_CLIENT, [
        { ...asked, body: { messages, stream: true } },
        { ...asked, path: '/api/chat-queue', body: { messages } },
        // Ollama cuts it.
        { ...asked, body: { messages: [{ role: 'user', content: 'word '.repeat(9000) }], options: { num_ctx: 4096 } } },
        { method: 'GET', path: '/api/chat-optimized', status: 405 },
      ]),
    );
    const wrongKey = { headers: { Authorization: 'Bearer hearth_wrong' } };
    note(await attempt(page, base(), wrongKey, [{ method: 'GET', path: '/health', status: 401 }]));
    const cache = { enabled: false, mode: 'record' as const };
    hearth.backend.configure(hearth.config({ ...CONFIG(), queue: { max_queue_size: 1 }, cache }));
    const gate = hearth.fake.gate();
    const held = [hearth.chat('Run'), hearth.chat('Wait')];
    await hearth.fake.until(({ active }) => active === 1);
    await expect.poll(() => hearth.backend.control.live().queue.queue_length).toBe(1);
    note(await attempt(page, base(), AS_A_CLIENT, [{ ...asked, body: { messages } }]));
    gate.release();
    for (const answer of held) await (await answer).json();
    // Only one of several machines is named.
    const expected = EXPOSED_HEADERS.filter((header) => header !== 'X-Upstream');
    expect(expected.filter((header) => !readable.has(header.toLowerCase()))).toEqual([]);
  });

  test('is told that a body which is not said to be JSON is not read', async () => {
    await goTo(name);
    const [learnt] = await attempt(page, base(), PLAINLY, [
      { method: 'POST', path: '/api/cache-stats', body: { action: 'clear' }, status: 415 },
    ]);
    expect(learnt?.status).toBe(415);
    expect(learnt?.text).toContain('unsupported_media_type');
  });
});
