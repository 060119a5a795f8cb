// What keeps the window to itself: files, policy, navigation, permissions, the sender of a call, its place on a screen.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY, serveFiles } from '../../../../main/window/content.ts';
import { isOwnPage, lockContents, lockSession, visiblePlace, windowOptions } from '../../../../main/window/window.ts';

describe('the page is served', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearth-page-'));
    mkdirSync(join(folder, 'renderer', 'assets'), { recursive: true });
    writeFileSync(join(folder, 'renderer', 'index.html'), '<!doctype html>');
    writeFileSync(join(folder, 'renderer', 'assets', 'main.js'), '1');
    writeFileSync(join(folder, 'secret.html'), 'secret');
    writeFileSync(join(folder, 'renderer', 'notes.txt'), 'no type of ours');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['app://hearth/index.html', 'text/html; charset=utf-8'],
    ['app://hearth/', 'text/html; charset=utf-8'],
    ['app://hearth/assets/main.js?v=1#x', 'text/javascript; charset=utf-8'],
  ])('%s, with its policy', async (url, type) => {
    const answer = await serveFiles(join(folder, 'renderer'))({ url });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    'app://hearth/../secret.html',
    'app://hearth/..%2fsecret.html',
    'app://hearth/%2e%2e/secret.html',
    'app://hearth/..%5csecret.html',
    'app://other/index.html',
    'file:///etc/passwd',
    'app://hearth/notes.txt',
    'app://hearth/missing.html',
    'app://hearth/%E0%A4%A',
    'nonsense',
  ])('but not %s', async (url) => {
    const answer = await serveFiles(join(folder, 'renderer'))({ url });
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('secret');
  });
});

test('the policy allows neither inline code nor anything from elsewhere', () => {
  expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:|data:/);
});

test('the page has no Node, a sandbox and a world of its own', () => {
  expect(windowOptions('/preload.cjs', '/icon.png', {}, false).webPreferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
  });
});

test('every permission is refused', () => {
  const answers: boolean[] = [];
  lockSession({
    setPermissionRequestHandler: (handler) => {
      handler?.({} as never, 'geolocation' as never, (granted) => answers.push(granted), {} as never);
    },
    setPermissionCheckHandler: (handler) => {
      answers.push(handler?.(null, 'media', 'app://hearth', {} as never) ?? true);
    },
  });
  expect(answers).toEqual([false, false]);
});

test('the page goes nowhere and opens nothing', () => {
  const prevented: string[] = [];
  let open: unknown;
  lockContents({
    setWindowOpenHandler: (handler) => {
      open = handler({ url: 'https://example.com' } as never);
    },
    on: ((name: string, listener: (event: { preventDefault(): void }) => void) => {
      listener({ preventDefault: () => prevented.push(name) });
    }) as never,
  });
  expect(open).toEqual({ action: 'deny' });
  expect(prevented.toSorted()).toEqual([
    'will-attach-webview',
    'will-frame-navigate',
    'will-navigate',
    'will-redirect',
  ]);
});

describe('a call is ours', () => {
  const mainFrame = { url: 'app://hearth/index.html' };
  const window = (id: number, destroyed = false) => ({ webContents: { id }, isDestroyed: () => destroyed }) as never;
  const call = (frame: { url: string } | null, id = 1, main: unknown = mainFrame) =>
    ({ sender: { id, mainFrame: main }, senderFrame: frame }) as never;

  test('from the main frame of our window', () => expect(isOwnPage(call(mainFrame), window(1))).toBe(true));
  test.each([
    ['a frame inside it', call({ url: 'app://hearth/index.html' }), window(1)],
    ['another window', call(mainFrame, 2), window(1)],
    ['a frame that is gone', call(null), window(1)],
    ['no window', call(mainFrame), undefined],
    ['a destroyed one', call(mainFrame), window(1, true)],
  ])('and not from %s', (_what, event, from) => expect(isOwnPage(event, from)).toBe(false));
  test('and not from a page that took its place', () => {
    const foreign = { url: 'https://example.com/app://hearth/' };
    expect(isOwnPage(call(foreign, 1, foreign), window(1))).toBe(false);
  });
});

describe('the window comes back where it was', () => {
  const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }];
  const place = { x: 100, y: 50, width: 500, height: 700 };
  test('when a screen shows it', () => expect(visiblePlace(place, screens)).toEqual(place));
  test('with its size alone when that screen is gone', () =>
    expect(visiblePlace({ ...place, x: 3000 }, screens)).toEqual({ width: 500, height: 700 }));
  test('at its usual size when nothing sensible was saved', () => {
    for (const bad of [undefined, null, 'x', {}, { ...place, x: Number.NaN }, { ...place, width: '5' }]) {
      expect(visiblePlace(bad, screens)).toEqual({});
    }
  });
  test('never larger than a screen', () =>
    expect(visiblePlace({ ...place, width: 1e9, height: 1e9 }, screens)).toMatchObject({
      width: Math.max(...screens.map(({ width }) => width)),
      height: Math.max(...screens.map(({ height }) => height)),
    }));
  test('never smaller than the page can be', () =>
    expect(visiblePlace({ ...place, width: 1, height: 1 }, screens)).toMatchObject({ width: 320, height: 360 }));
});
