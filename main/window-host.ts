// Keeps at most one window: made when it is to be shown, destroyed when it is closed, its place remembered.
import type { BrowserWindow, BrowserWindowConstructorOptions, Rectangle } from 'electron';
import { CHANNELS, type Push } from '../backend/contract/desktop.ts';
import { ORIGIN } from './content.ts';
import { visiblePlace, windowOptions } from './window.ts';

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
  /** The user closes it. Whether it may go; if not, somebody asks in the page. */
  mayClose(): boolean;
  onGone(): void;
  /** The page's process ended by itself. */
  onPageCrash(reason: string): void;
}

export class WindowHost {
  readonly #options: WindowHostOptions;
  #window: BrowserWindow | undefined;

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
      this.#options.onPageCrash(reason);
    });
    void window.loadURL(`${ORIGIN}/index.html`);
  }
}
