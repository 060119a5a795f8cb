// The locks of the window, tried from inside the real one (Electron's security checklist).
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { startDesktop, type Desktop } from '../support/desktop/real-app.ts';

let desktop: Desktop;
let page: Page;
beforeAll(async () => {
  desktop = await startDesktop({ args: [] });
  page = await desktop.window();
  await page.getByRole('tab', { name: 'Overview' }).waitFor();
});
afterAll(() => desktop.stop());

test('the page has no Node and nothing of Electron but the bridge', async () => {
  const seen = await page.evaluate(() => ({
    require: typeof (globalThis as { require?: unknown }).require,
    process: typeof (globalThis as { process?: unknown }).process,
    module: typeof (globalThis as { module?: unknown }).module,
    bridge: Object.keys((globalThis as unknown as { hearth: object }).hearth).toSorted(),
  }));
  expect(seen).toEqual({ require: 'undefined', process: 'undefined', module: 'undefined', bridge: ['call', 'onPush'] });
});

test('window.open opens nothing', async () => {
  expect(await page.evaluate(() => window.open('https://example.com') === null)).toBe(true);
  expect(desktop.app.windows()).toHaveLength(1);
});

test('it goes nowhere', async () => {
  const before = page.url();
  for (const url of ['https://example.com/', 'file:///etc/passwd', 'app://other/index.html', 'data:text/html,x']) {
    await page.evaluate((to) => {
      location.href = to;
    }, url);
    await page.evaluate((to) => {
      const link = document.createElement('a');
      link.href = to;
      document.body.append(link);
      link.click();
      link.remove();
    }, url);
  }
  expect(page.url()).toBe(before);
  expect(await page.getByRole('tab', { name: 'Overview' }).isVisible()).toBe(true);
});

test('every permission is denied', async () => {
  const states = await page.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read', 'midi'];
    const found: string[] = [];
    for (const name of names) found.push((await navigator.permissions.query({ name: name as PermissionName })).state);
    return found;
  });
  expect(new Set(states)).toEqual(new Set(['denied']));
  expect(
    await page.evaluate(() =>
      navigator.clipboard.readText().then(
        () => 'read',
        () => 'denied',
      ),
    ),
  ).toBe('denied');
});

test('inline code, foreign code and foreign addresses break the policy and do not run', async () => {
  const violations = await page.evaluate(async () => {
    const broken: string[] = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => broken.push(effectiveDirective));
    const inline = document.createElement('script');
    inline.textContent = 'globalThis.pwned = true';
    document.head.append(inline);
    const foreign = document.createElement('script');
    foreign.src = 'https://example.com/x.js';
    document.head.append(foreign);
    const style = document.createElement('div');
    style.setAttribute('style', 'color: red');
    document.body.append(style);
    const image = document.createElement('img');
    image.src = 'https://example.com/x.png';
    document.body.append(image);
    await fetch('https://example.com/').catch(() => undefined);
    const frame = document.createElement('iframe');
    frame.src = 'https://example.com/';
    document.body.append(frame);
    await new Promise((soon) => setTimeout(soon, 300));
    for (const made of [inline, foreign, style, image, frame]) made.remove();
    return [...new Set(broken)].toSorted();
  });
  expect(violations).toEqual(['connect-src', 'frame-src', 'img-src', 'script-src-elem', 'style-src-attr']);
  expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
});

test('text is never run as code', async () => {
  const outcome = await page.evaluate(async () => {
    // In a turn of its own: what the debugger runs itself is free of the policy.
    const made = await new Promise<string>((resolve) => {
      setTimeout(() => {
        try {
          resolve(String(new Function('return "ran"')()));
        } catch (error) {
          resolve((error as Error).name);
        }
      });
    });
    if (made !== 'EvalError') return made;
    const script = document.createElement('button');
    script.setAttribute('onclick', 'globalThis.pwned = true');
    document.body.append(script);
    script.click();
    script.remove();
    return 'pwned' in globalThis;
  });
  expect(outcome).toBe(false);
});

test('a call from another page over the same channel is refused', async () => {
  const answer = await desktop.app.evaluate(async ({ BrowserWindow, app }) => {
    const preload = `${app.getAppPath()}/dist/main/preload.cjs`;
    const foreign = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
    await foreign.loadURL('app://hearth/index.html');
    const outcome: unknown = await foreign.webContents.executeJavaScript(`window.hearth.call('stop_gateway', {})`);
    foreign.destroy();
    return outcome;
  });
  expect(answer).toMatchObject({ ok: false, error: { code: 'forbidden' } });
  await desktop.ready();
});

test('a call that is not in the contract is refused', async () => {
  const answer = await page.evaluate(() =>
    (globalThis as unknown as { hearth: { call(command: string, input: unknown): Promise<unknown> } }).hearth.call(
      'run_program',
      { path: '/bin/sh' },
    ),
  );
  expect(answer).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
});

test('the stack of an error names the sources, though the program is one file', async () => {
  const stack = await desktop.app.evaluate(({ app }) => {
    try {
      app.emit('web-contents-created', {}, undefined);
      return 'nothing was thrown';
    } catch (error) {
      return error instanceof Error ? (error.stack ?? '') : String(error);
    }
  });
  expect(stack).toMatch(/main\/(?:main|window\/window)\.ts:\d+:\d+/);
  expect(stack).not.toContain('main.js');
});
