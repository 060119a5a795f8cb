// Row "window": what the window costs while it shows 500 requests and something in it changes four times a second, against the same
// window while nothing changes; and what is left of it once it is closed. The page is the app's own, in Chromium.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { startBrowser, stageIn } from '../support/page/browser.ts';
import { answersOf, fact } from '../support/page/request-day.ts';
import { entry, quiet, view } from '../support/page/views.ts';
import type { Row } from './report.ts';

const ROWS = 500;
const PUSH_MS = 250;
const SPAN_S = 20;
/** In which Chromium compiles what the page does each second. Seconds. */
const WARM_S = 15;
const BUDGET = 0.02;

export const windowRow: Row = {
  name: 'window',
  title: 'The window with 500 requests, four changes a second',
  limitMs: 150_000,
  async run() {
    const browser = await startBrowser();
    try {
      const session = await browser.newBrowserCDPSession();
      const rows = Array.from({ length: ROWS }, (_, i) => fact({ ago: i, total_ms: 200 + ((i * 37) % 9000) }));
      const stage = await stageIn(browser);
      const { page } = await stage.open(view({ live: quiet() }), {
        answers: answersOf(() => rows),
        width: 1000,
        height: 720,
      });
      // As its users have it: what moves by itself costs, too.
      await page.emulateMedia({ reducedMotion: 'no-preference' });
      await page.keyboard.press('Control+3');
      await showAll(page);
      const idle = await busyShare(session);
      const living = fact({ ago: 0, status: 'processing' });
      const live = quiet({ running: [entry({ request_id: living.request_id, tokens_per_s: 40 })] });
      await page.evaluate(pretendMain, { rows: [living, ...rows], live, everyMs: PUSH_MS });
      await sleep(WARM_S * 1000);
      const busy = await busyShare(session);
      const shown = await page.locator('.req').count();
      await page.context().close();
      const left = (await renderers(session)).size;
      const cost = busy - idle;
      return {
        findings: [
          {
            what: `The window, ${ROWS} requests shown, 4 changes a second: of one core`,
            measured: percent(cost),
            budget: `< ${percent(BUDGET)}`,
            kept: cost < BUDGET,
            why: 'Most of it is Chromium’s: rows that come move all rows below them, and each time what is in sight is laid out, painted and handed over anew. The page’s own work is a quarter of it. While so many come the list is painted each second second. How many rows there are matters little: what is out of sight is left alone, and a list of 20 costs nearly as much.',
          },
          {
            what: 'The window, closed: processes that are left of it',
            measured: String(left),
            budget: '0',
            kept: left === 0,
          },
        ],
        notes: [
          `Processor time of the page's process over ${SPAN_S} s, as Chromium tells it (${browser.version()}, headless, 1000 × 720): ${percent(busy)} with a push each ${PUSH_MS} ms, from ${WARM_S} s after the first of them on, in which one request has come and runs and the one before it has ended, whereupon the page asks for the list anew; ${percent(idle)} with none. What main would do is done in the page, and counts too. ${shown} rows stood in the list at the end. A closed window is destroyed, and main sends it nothing.`,
        ],
      };
    } finally {
      await browser.close();
    }
  },
};

interface Pretended {
  readonly rows: readonly { readonly request_id: string }[];
  readonly live: ReturnType<typeof quiet>;
  readonly everyMs: number;
}

/**
 * In the page: answers and pushes in main's place, each a copy, as it is over the wire. At each push one request arrives and
 * runs, and the one before it has ended. Without the debugger, which costs more.
 */
function pretendMain({ rows, live, everyMs }: Pretended): void {
  const world = globalThis as unknown as {
    hearth: { call(command: string, input: { readonly limit?: number }): Promise<unknown> };
    pushAll(push: unknown): void;
  };
  const list = [...rows];
  let pushes = 0;
  world.hearth.call = (command, { limit = 100 }) => {
    if (command === 'request_counts') {
      const all = list.length;
      return Promise.resolve({ ok: true, output: { all, hit: 0, coalesced: 0, miss: all, bypass: 0, failed: 0 } });
    }
    return Promise.resolve({ ok: true, output: { requests: structuredClone(list.slice(0, limit)), next: '1' } });
  };
  setInterval(() => {
    pushes++;
    const [before] = list.splice(0, 1, { ...(list[0] as object), status: 'completed' } as never);
    const created_at = new Date().toISOString();
    const row = { ...(before as object), request_id: `request ${pushes}`, created_at, status: 'processing' };
    list.unshift(row as never);
    const { queue } = live;
    const running = queue.running.map((each) => ({ ...each, request_id: row.request_id, created_at }));
    const totals = { ...queue.totals, requests: pushes };
    world.pushAll(structuredClone({ live: { ...live, queue: { ...queue, running, totals } } }));
  }, everyMs);
}

/** Scrolls until all rows are there. */
async function showAll(page: Page): Promise<void> {
  await page.locator('.req').first().waitFor();
  for (let count = 0; count < ROWS; count = await page.locator('.req').count()) {
    await page.locator('.req').last().scrollIntoViewIfNeeded();
    await page.locator('.req').nth(count).waitFor({ state: 'attached' });
  }
  await page.locator('.req').first().scrollIntoViewIfNeeded();
  // What Chromium has put off until the page rests.
  await sleep(2000);
}

/** Processor time of the pages' processes in a span, by its length. */
async function busyShare(session: CDPSession): Promise<number> {
  const before = await renderers(session);
  const began = performance.now();
  await sleep(SPAN_S * 1000);
  const seconds = (performance.now() - began) / 1000;
  let used = 0;
  for (const [id, time] of await renderers(session)) used += time - (before.get(id) ?? 0);
  return used / seconds;
}

/** Seconds of processor time of each page's process, by its id. */
async function renderers(session: CDPSession): Promise<Map<number, number>> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
