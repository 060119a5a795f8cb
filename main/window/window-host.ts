// Keeps at most one window: made when it is to be shown, destroyed when it is closed, its place remembered.
import type { BrowserWindow, BrowserWindowConstructorOptions, Rectangle } from 'electron';
import { CHANNELS, type Push } from '../../backend/contract/window/desktop.ts';
import { language } from '../../words/texts.ts';
import { ORIGIN } from './content.ts';
import { keyWish, visiblePlace, windowOptions } from './window.ts';

export interface WindowHostOptions {
  make(options: BrowserWindowConstructorOptions): BrowserWindow;
  readonly preload: string;
  readonly icon: string;
  isDark(): boolean;
  screens(): readonly Rectangle[];
  /** Where it was last time, as it was saved. */
  place(): unknown;
  savePlace(place: Rectangle): void;
  /** The page has been shown, or shown again. */
  onShown(): void;
  /** The user closes it. Whether it may go; if not, the page asks whether to quit. */
  mayClose(): boolean;
  onGone(): void;
  /** The page's process ended by itself. `stays`: soon after the last time, so the window is not opened again. */
  onPageCrash(reason: string, stays: boolean): void;
  /** Milliseconds. */
  elapsed(): number;
}

/** A page that ends twice within this time would end again. Milliseconds. */
const STEADY_MS = 30_000;
/** Chromium's zoom levels: a step is a factor of √1.2, and the most is 200 %. */
const ZOOM = { step: 0.5, least: -2, most: 4 };

export class WindowHost {
  readonly #options: WindowHostOptions;
  #window: BrowserWindow | undefined;
  #crashedAt = -Infinity;

  constructor(options: WindowHostOptions) {
    this.#options = options;
  }

  get window(): BrowserWindow | undefined {
    return this.#window;
  }

  get visible(): boolean {
    return this.#window !== undefined && this.#window.isVisible() && !this.#window.isMinimized();
  }

  send(push: Push): void {
    this.#window?.webContents.send(CHANNELS.push, push);
  }

  /** Shows the window and brings it to the front. */
  show(): void {
    if (this.#window === undefined) {
      this.#open();
      return;
    }
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  /** Without asking anybody. */
  destroy(): void {
    this.#window?.destroy();
  }

  #open(): void {
    const { make, preload, icon, isDark, screens, place, savePlace, onShown, mayClose, onGone } = this.#options;
    const window = make(windowOptions(preload, icon, visiblePlace(place(), screens()), isDark()));
    this.#window = window;
    // Painted first, so that no empty window flashes.
    window.once('ready-to-show', () => window.show());
    window.on('show', onShown);
    window.on('restore', onShown);
    window.on('close', (event) => {
      savePlace(window.getNormalBounds());
      if (!mayClose()) event.preventDefault();
    });
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined;
      onGone();
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason === 'clean-exit') return;
      window.destroy();
      const { elapsed, onPageCrash } = this.#options;
      const stays = elapsed() - this.#crashedAt < STEADY_MS;
      this.#crashedAt = elapsed();
      onPageCrash(reason, stays);
      if (!stays) this.show();
    });
    // There is no menu that would know these keys.
    window.webContents.on('before-input-event', (event, input) => {
      const wish = keyWish(input, process.platform);
      if (wish === undefined) return;
      event.preventDefault();
      if (wish === 'close') window.close();
      else zoom(window.webContents, wish);
    });
    // In the address, so that the page has it before it asks for anything.
    void window.loadURL(`${ORIGIN}/index.html?language=${language()}`);
  }
}

function zoom(contents: Pick<BrowserWindow['webContents'], 'zoomLevel'>, wish: -1 | 0 | 1): void {
  const level = wish === 0 ? 0 : contents.zoomLevel + wish * ZOOM.step;
  contents.zoomLevel = Math.min(ZOOM.most, Math.max(ZOOM.least, level));
}
