// How the app behaves among others: no panel, a second start, a taken port, a crash, a machine that slept, bad files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { desktopTest, type DesktopStage } from '../support/desktop/desktop-test.ts';
import { freePort } from '../support/desktop/real-app.ts';
import { piecesOf } from '../support/hearth.ts';
import { entryAt } from '../support/desktop/panel.ts';
import { eventually } from '../support/waiting.ts';

/** Another program on this port, until the test ends. */
async function occupy(stage: DesktopStage, port: number, answer?: object): Promise<Server> {
  const server = createServer((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(answer ?? { hello: 'stranger' }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  stage.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

desktopTest.concurrent('an Ollama that ends as soon as it was started is told of', async ({ stage }) => {
  const tools = mkdtempSync(join(tmpdir(), 'hearth-tools-'));
  writeFileSync(join(tools, 'ollama'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  try {
    const desktop = await stage.start({
      withoutOllama: true,
      env: { PATH: `${tools}:${process.env['PATH'] ?? ''}` },
      args: [],
    });
    const page = await desktop.window();
    await page.getByRole('button', { name: 'Start Ollama' }).click();
    await page.getByText('Ollama was started and ended again (exit code 1).', { exact: false }).waitFor();
  } finally {
    rmSync(tools, { recursive: true });
  }
});

desktopTest.concurrent('a page that ends by itself comes back once, and not again and again', async ({ stage }) => {
  const desktop = await stage.start({ args: [] });
  await (await desktop.window()).getByRole('tab', { name: 'Overview' }).waitFor();
  const crash = (): Promise<void> =>
    desktop.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
    );
  const visible = (): Promise<number[]> =>
    desktop.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()
        .filter((each) => each.isVisible())
        .map(({ id }) => id),
    );
  const before = await visible();
  await crash();
  await eventually('another window', async () => {
    const now = await visible();
    return now.length === 1 && now[0] !== before[0];
  });
  await crash();
  await eventually('no window', async () => (await visible()).length === 0);
  expect((await fetch(`${desktop.url}/health`)).status).toBe(200);
});

desktopTest.concurrent(
  'the page is enlarged and made smaller by the usual keys, and closed by Ctrl+W',
  async ({ stage }) => {
    const desktop = await stage.start({ args: [] });
    const page = await desktop.window();
    await page.getByRole('tab', { name: 'Overview' }).waitFor();
    const press = (keyCode: string): Promise<void> =>
      desktop.app.evaluate(({ BrowserWindow }, key) => {
        BrowserWindow.getAllWindows()[0]?.webContents.sendInputEvent({
          type: 'keyDown',
          keyCode: key,
          modifiers: ['control'],
        });
      }, keyCode);
    const zoom = (): Promise<number | undefined> =>
      desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomFactor());
    await press('=');
    await eventually('a larger page', async () => ((await zoom()) ?? 0) > 1);
    await press('0');
    await eventually('the usual size', async () => (await zoom()) === 1);
    await press('-');
    await eventually('a smaller page', async () => ((await zoom()) ?? 1) < 1);
    await press('w');
    await eventually('a closed window', () => desktop.app.windows().length === 0);
  },
);

desktopTest.concurrent('a second start says so, shows the window of the first, and ends', async ({ stage }) => {
  const desktop = await stage.start();
  await desktop.ready();
  expect(desktop.app.windows()).toHaveLength(0);
  const child = desktop.app.process();
  const startAgain = async (...args: string[]): Promise<string> => {
    const second = spawn(child.spawnfile, ['--no-sandbox', '--disable-gpu', ...args], {
      env: { ...desktop.env, HEARTH_PROJECT: join(import.meta.dirname, '..', '..') },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [said, [code]] = await Promise.all([text(second.stdout), once(second, 'exit')]);
    expect(code).toBe(0);
    return said;
  };
  // As a login does beside a restored session: the first one stays in the tray.
  expect(await startAgain('--hidden')).toBe('Hearth runs already.\n');
  expect(await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(0);
  expect(await startAgain()).toBe('Hearth runs already; its window is shown.\n');
  await (await desktop.window()).getByRole('tab', { name: 'Overview' }).waitFor();
});

desktopTest.concurrent(
  'a port that another program has is explained, and the next one is used only when chosen',
  async ({ stage }) => {
    const port = await freePort();
    await occupy(stage, port);
    const desktop = await stage.start({ port, args: [] });
    const page = await desktop.window();
    await page.getByText(`Port ${port} is taken by another program`).waitFor();
    await desktop.tray.until(
      ({ menu }) => entryAt(menu, [`Port ${port} is taken`]) !== undefined,
      'the same in the tray',
    );
    const use = page.getByRole('button', { name: /^Use \d+$/ });
    const next = Number(((await use.textContent()) ?? '').replace(/\D/g, ''));
    expect(next).toBeGreaterThan(port);
    await expect(fetch(`http://127.0.0.1:${next}/health`)).rejects.toThrow('fetch failed');
    await use.click();
    await eventually(
      'a gateway there',
      async () => (await fetch(`http://127.0.0.1:${next}/health`).catch(() => undefined))?.ok === true,
    );
    expect(JSON.parse(readFileSync(join(desktop.dataFolder, 'config.json'), 'utf8'))).toMatchObject({
      server: { port: next },
    });
  },
);

desktopTest.concurrent(
  'what is clicked in the tray while a port is asked who holds it is done afterwards',
  async ({ stage }) => {
    const port = await freePort();
    const silent = await occupy(stage, port);
    silent.removeAllListeners('request');
    const desktop = await stage.start({ port });
    await desktop.tray.click('Settings…');
    await (await desktop.window()).getByRole('tab', { name: 'Settings', selected: true }).waitFor();
  },
);

desktopTest.concurrent(
  'a port taken by another Hearth is said to be, and is ours by itself once it is free',
  async ({ stage }) => {
    const port = await freePort();
    const other = await occupy(stage, port, { version: '1.3.2', uptime_ms: 7_200_000, upstream: UPSTREAM });
    const desktop = await stage.start({ port, args: [] });
    const page = await desktop.window();
    await page.getByText(`Port ${port} is taken by another Hearth`).waitFor();
    await page.getByText(/Version 1\.3\.2 answers there.*tries again by itself/).waitFor();
    other.closeAllConnections();
    other.close();
    await eventually('our gateway there', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
      return answer !== undefined && ((await answer.json()) as { version?: string }).version !== '1.3.2';
    });
  },
);

const UPSTREAM = {
  url: 'x',
  reachable: true,
  state: 'up',
  reason: null,
  version: '1',
  latency_ms: 1,
  model: 'm',
  model_available: true,
  model_loaded: true,
};

desktopTest.concurrent('a crash of the gateway is told and mended by itself', async ({ stage }) => {
  const desktop = await stage.start();
  await desktop.ready();
  await desktop.app.evaluate(() => {
    setImmediate(() => {
      throw new Error('a fault for the test');
    });
  });
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Restarting soon']) !== undefined, 'the news in the tray');
  await desktop.ready();
  await desktop.tray.until(({ menu }) => entryAt(menu, ['Stop gateway']) !== undefined, 'a running gateway');
  expect((await desktop.chat('after the crash')).status).toBe(200);
});

desktopTest.concurrent(
  'a crash in the middle of an answer ends it with an error piece, and the gateway restarts',
  async ({ stage }) => {
    const desktop = await stage.start({ settings: { server: { drain_timeout_ms: 30_000 } } });
    await desktop.ready();
    desktop.fake.next({ pauseAfter: { pieces: 1, until: new Promise(() => undefined) } });
    const answer = await desktop.chat('a long answer', { stream: true });
    await desktop.fake.until(({ calls }) => calls.some(({ path, pieces }) => path === '/api/chat' && pieces > 0));
    await desktop.app.evaluate(() => {
      setImmediate(() => {
        throw new Error('a fault for the test');
      });
    });
    const pieces = await piecesOf(answer);
    expect(pieces.some(({ content }) => content !== '')).toBe(true);
    expect(pieces.at(-1)).toMatchObject({ done: true, code: 'shutting_down' });
    await desktop.ready();
    expect((await desktop.chat('after the crash')).status).toBe(200);
  },
);

desktopTest.concurrent(
  'an address where something else than Ollama answers is said to be just that',
  async ({ stage }) => {
    const port = await freePort();
    await occupy(stage, port);
    const desktop = await stage.start({ settings: { ollama: { api_url: `http://127.0.0.1:${port}` } }, args: [] });
    const page = await desktop.window();
    await page.locator('.status-line', { hasText: `No Ollama at 127.0.0.1:${port}` }).waitFor();
    await page.getByRole('button', { name: 'Change…' }).waitFor();
    await desktop.tray.until(({ menu }) => entryAt(menu, ['No Ollama at its address']) !== undefined, 'the same there');
  },
);

desktopTest.concurrent('after sleep Ollama is asked at once', async ({ stage }) => {
  const desktop = await stage.start();
  await desktop.ready();
  await desktop.fake.until(({ calls }) => calls.some(({ path }) => path === '/api/ps'));
  const before = desktop.fake.calls.filter(({ path }) => path === '/api/version').length;
  await desktop.app.evaluate(({ powerMonitor }) => powerMonitor.emit('resume'));
  await desktop.fake.until(({ calls }) => calls.filter(({ path }) => path === '/api/version').length > before);
});

desktopTest.concurrent(
  'a settings file that is not JSON is set aside for the defaults, and the window says so',
  async ({ stage }) => {
    const desktop = await stage.start({ settings: '{"server":', env: { PORT: String(await freePort()) }, args: [] });
    const page = await desktop.window();
    await page.getByText('The settings file is not valid JSON, so the defaults are in use.').waitFor();
    expect(readdirSync(desktop.dataFolder).filter((name) => name.startsWith('config.bad-'))).toHaveLength(1);
  },
);

desktopTest.concurrent(
  'a settings file of a newer version works, is copied, and the window says so',
  async ({ stage }) => {
    const desktop = await stage.start({ settings: { $version: 99, cache: { ttl_seconds: 60 } }, args: [] });
    const page = await desktop.window();
    await page.getByText('The settings were written by a newer Hearth.').waitFor();
    await desktop.ready();
    expect(readdirSync(desktop.dataFolder).filter((name) => name.startsWith('config.newer-'))).toHaveLength(1);
  },
);

// Root may write into a read-only folder; where a folder is a file, or a file a folder, root is stopped as well.

desktopTest.concurrent('a data folder that takes no log leaves a working app', async ({ stage }) => {
  const desktop = await stage.start({ prepare: (folder) => writeFileSync(join(folder, 'logs'), ''), args: [] });
  const page = await desktop.window();
  await page.getByText(/^There is no log:/).waitFor();
  await desktop.ready();
  expect((await desktop.chat('without a log')).status).toBe(200);
});

desktopTest.concurrent(
  'an app whose data folder cannot be written works, and says that nothing is kept',
  async ({ stage }) => {
    const port = await freePort();
    const desktop = await stage.start({
      port,
      env: { PORT: String(port), HEARTH_DATA_DIR: '/dev/null/hearth' },
      args: [],
    });
    const page = await desktop.window();
    await page.getByText(/^Nothing can be kept in .* because a part of this path is not a folder\./).waitFor();
    await page.getByRole('button', { name: '2 more' }).click();
    await page.getByText('The settings file cannot be read (ENOTDIR).').waitFor();
    await page.getByText(/^There is no log:/).waitFor();
    await desktop.ready();
  },
);

desktopTest.concurrent('a home that cannot be written leaves a working app as well', async ({ stage }) => {
  const port = await freePort();
  const nowhere = { HOME: '/dev/null', XDG_CONFIG_HOME: '', HEARTH_DATA_DIR: '' };
  const desktop = await stage.start({ port, env: { PORT: String(port), ...nowhere }, args: [] });
  const page = await desktop.window();
  await page.getByRole('button', { name: '2 more' }).click();
  await page.getByText('The settings file cannot be read (ENOTDIR).').waitFor();
  await desktop.ready();
});

desktopTest.concurrent(
  'a lock that cannot be made, as on a full disk, is not taken for a second start',
  async ({ stage }) => {
    const desktop = await stage.start({
      // The last of the three files of Chromium's lock: a folder cannot be replaced by it.
      prepare: (folder) => mkdirSync(join(folder, 'SingletonCookie', 'x'), { recursive: true }),
    });
    await desktop.ready();
  },
);

desktopTest.concurrent(
  'a settings file that can be neither read nor written leaves a working app',
  async ({ stage }) => {
    const port = await freePort();
    const desktop = await stage.start({
      port,
      env: { PORT: String(port) },
      prepare: (folder) => {
        rmSync(join(folder, 'config.json'));
        mkdirSync(join(folder, 'config.json'));
      },
      args: [],
    });
    const page = await desktop.window();
    await page.getByText('The settings file cannot be read (EISDIR).').waitFor();
    await desktop.ready();
  },
);

desktopTest.concurrent(
  'a change of the file by hand is taken over; a bad one keeps the old values and says so',
  async ({ stage }) => {
    const desktop = await stage.start({ args: [] });
    const page = await desktop.window();
    await desktop.ready();
    const file = join(desktop.dataFolder, 'config.json');
    const data = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
    const ttl = async (): Promise<number> => {
      const stats = (await (await fetch(`${desktop.url}/api/cache-stats`)).json()) as never;
      return (stats as { response_cache: { ttl_seconds: number } }).response_cache.ttl_seconds;
    };
    writeFileSync(file, JSON.stringify({ ...data, cache: { ttl_seconds: 42 } }));
    await eventually('the new value', async () => (await ttl()) === 42);
    writeFileSync(file, JSON.stringify({ ...data, cache: { ttl_seconds: '1h' } }));
    await page.getByText(/cache\.ttl_seconds must be/).waitFor();
    expect(await ttl()).toBe(42);
  },
);

desktopTest.concurrent('first run is shown once, and start at login stays off', async ({ stage }) => {
  const desktop = await stage.start({ firstRunDone: false });
  const page = await desktop.window();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('tab', { name: 'Overview' }).waitFor();
  expect(JSON.parse(readFileSync(join(desktop.dataFolder, 'state.json'), 'utf8'))).toMatchObject({
    first_run_done: true,
  });
  expect(existsSync(join(desktop.home, '.config', 'autostart', 'hearth.desktop'))).toBe(false);
});
