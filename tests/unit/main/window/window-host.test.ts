// The one window: opened again after its page ended, but not again and again; the keys that no menu knows.
import { EventEmitter } from 'node:events';
import type { BrowserWindow } from 'electron';
import { describe, expect, test } from 'vitest';
import { WindowHost } from '../../../../main/window/window-host.ts';
import { keyWish } from '../../../../main/window/window.ts';

class FakeContents extends EventEmitter {
  zoomLevel = 0;
}

class FakeWindow extends EventEmitter {
  readonly webContents = new FakeContents();
  closed = false;
  loadURL = async (): Promise<void> => undefined;
  getNormalBounds = (): object => ({ x: 0, y: 0, width: 460, height: 680 });
  isVisible = (): boolean => true;
  isMinimized = (): boolean => false;
  show = (): void => undefined;
  focus = (): void => undefined;

  destroy = (): void => {
    this.closed = true;
    this.emit('closed');
  };

  close = (): void => {
    this.emit('close', { preventDefault: () => undefined });
    this.destroy();
  };
}

function stage() {
  const made: FakeWindow[] = [];
  const told: [reason: string, stays: boolean][] = [];
  const it = { at: 0 };
  const host = new WindowHost({
    make: () => {
      const window = new FakeWindow();
      made.push(window);
      return window as unknown as BrowserWindow;
    },
    preload: '',
    icon: '',
    isDark: () => false,
    screens: () => [],
    place: () => undefined,
    savePlace: () => undefined,
    onShown: () => undefined,
    mayClose: () => true,
    onGone: () => undefined,
    onPageCrash: (reason, stays) => void told.push([reason, stays]),
    elapsed: () => it.at,
  });
  const crash = (): void => void made.at(-1)?.webContents.emit('render-process-gone', {}, { reason: 'crashed' });
  return { it, host, made, told, crash };
}

describe('a page that ends by itself', () => {
  test('comes back at once the first time, and stays away when it ends again within half a minute', () => {
    const { it, host, made, told, crash } = stage();
    host.show();
    crash();
    expect(made).toHaveLength(2);
    it.at = 29_999;
    crash();
    expect(made).toHaveLength(2);
    expect(host.window).toBeUndefined();
    expect(told).toEqual([
      ['crashed', false],
      ['crashed', true],
    ]);
  });

  test('comes back again when it had lived for a while, or when it is asked for', () => {
    const { it, host, made, crash } = stage();
    host.show();
    crash();
    it.at = 30_000;
    crash();
    expect(made).toHaveLength(3);
    crash();
    host.show();
    expect(made).toHaveLength(4);
  });
});

describe('the keys', () => {
  const key = (name: string) => ({ type: 'keyDown', key: name, control: true, meta: false, alt: false }) as const;

  test('zoom within bounds, and close', () => {
    const { host, made } = stage();
    host.show();
    const [window] = made;
    const press = (name: string): void =>
      void window?.webContents.emit('before-input-event', { preventDefault: () => undefined }, key(name));
    for (let i = 0; i < 20; i++) press('+');
    expect(window?.webContents.zoomLevel).toBe(4);
    press('0');
    expect(window?.webContents.zoomLevel).toBe(0);
    for (let i = 0; i < 20; i++) press('-');
    expect(window?.webContents.zoomLevel).toBe(-2);
    press('w');
    expect(window?.closed).toBe(true);
  });

  test('are those with Ctrl, on macOS with Cmd, and no others', () => {
    expect(keyWish(key('W'), 'linux')).toBe('close');
    expect(keyWish({ ...key('='), control: false, meta: true }, 'darwin')).toBe(1);
    expect(keyWish(key('w'), 'darwin')).toBeUndefined();
    expect(keyWish({ ...key('-'), alt: true }, 'linux')).toBeUndefined();
    expect(keyWish({ ...key('w'), control: false }, 'linux')).toBeUndefined();
    expect(keyWish({ ...key('w'), type: 'keyUp' }, 'linux')).toBeUndefined();
    expect(keyWish(key('1'), 'linux')).toBeUndefined();
  });
});
