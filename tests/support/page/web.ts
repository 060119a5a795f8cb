// Pages of any origin in a real headless Chromium, and what they can learn by asking the gateway: for tests of the front
// door. Names other than localhost are led to 127.0.0.1 by the browser alone, so that nothing leaves this machine.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frame, Page } from 'playwright-core';
import { startBrowser } from './browser.ts';
import { DOORS } from './doors.ts';

/** What a browser is told to find on this machine. */
const NAMES = [
  'foreign.example',
  'allowed.example',
  'rebind.example',
  'localhost.foreign.example',
  '127.0.0.1.foreign.example',
];

export interface Web {
  /** Of all pages. */
  readonly port: number;
  newPage(): Promise<Page>;
  stop(): Promise<void>;
}

/** An empty page under each name: `/public` as if it came from the internet, `/framed` with a sandboxed frame in it. */
export async function startWeb(): Promise<Web> {
  const pages = createServer((req, res) => {
    if (req.url === '/public') res.setHeader('Content-Security-Policy', 'treat-as-public-address');
    const framed = '<iframe sandbox="allow-scripts" srcdoc="<title>A frame</title>"></iframe>';
    res.setHeader('Content-Type', 'text/html');
    res.end(
      `<!doctype html><link rel="icon" href="data:,"><title>A page</title>${req.url === '/framed' ? framed : ''}`,
    );
  });
  await new Promise<void>((ready) => pages.listen(0, '127.0.0.1', ready));
  const { port } = pages.address() as AddressInfo;
  const browser = await startBrowser([
    `--host-resolver-rules=${NAMES.map((name) => `MAP ${name} 127.0.0.1`).join(', ')}`,
    // Stands for https, without which Chromium does not even ask its user about pages of the internet.
    `--unsafely-treat-insecure-origin-as-secure=http://foreign.example:${port}`,
  ]);
  return {
    port,
    newPage: () => browser.newPage(),
    async stop() {
      await browser.close();
      await new Promise<void>((done) => {
        pages.close(() => done());
        pages.closeAllConnections();
      });
    },
  };
}

/** Everything that a page can learn from one try. */
export interface Learnt {
  readonly status?: number;
  readonly text?: string;
  readonly headers?: Record<string, string>;
  readonly failed?: string;
}

/** Of fetch's own settings. */
export interface Way {
  readonly headers: Record<string, string>;
  readonly mode?: 'no-cors';
  readonly cache?: 'no-store';
  readonly credentials?: 'include';
  readonly keepalive?: true;
}

const TEXT = { 'Content-Type': 'text/plain' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
/** What a browser sends without asking first. */
export const PLAINLY: Way = { headers: TEXT };
export const AS_A_CLIENT: Way = {
  headers: {
    ...JSON_TYPE,
    'X-Queue-Priority': 'high',
    Authorization: 'Bearer any',
    'X-Stainless-Lang': 'js',
    'X-Request-ID': 'from-a-page',
  },
};

/** The ways in which a page can ask. */
export const WAYS: Readonly<Record<string, Way>> = {
  plainly: PLAINLY,
  'without cors': { mode: 'no-cors', headers: TEXT },
  'as JSON': { headers: JSON_TYPE },
  'with headers of ours and of OpenAI’s client': AS_A_CLIENT,
  'past the cache': { cache: 'no-store', headers: TEXT },
  'with credentials': { credentials: 'include', headers: JSON_TYPE },
  'while it closes': { keepalive: true, headers: TEXT },
};

/** Tries each door from within the page, one after the other. */
export async function attempt(from: Page | Frame, base: string, way: Way, doors = DOORS): Promise<Learnt[]> {
  const tries = doors.map(({ method, path, body, endless }) => ({ url: base + path, method, body, endless }));
  return await from.evaluate(
    async ({ tries, way }) => {
      const learnt: Learnt[] = [];
      for (const { url, method, body, endless } of tries) {
        try {
          const headers = method === 'GET' && way.mode === 'no-cors' ? {} : way.headers;
          const given = body === undefined ? {} : { body: JSON.stringify(body) };
          const answer = await fetch(url, { ...way, method, headers, ...given });
          const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
          let text = '';
          for (;;) {
            const part = await reader?.read();
            text += part?.value ?? '';
            if (part === undefined || part.done || (endless === true && text.length > 0)) break;
          }
          await reader?.cancel();
          learnt.push({ status: answer.status, text, headers: Object.fromEntries(answer.headers) });
        } catch (error) {
          learnt.push({ failed: String(error) });
        }
      }
      return learnt;
    },
    { tries, way },
  );
}
