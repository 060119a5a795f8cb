// The one small window: its place, its locks. It is made when it is wanted and destroyed when it is closed, since a
// hidden page costs about 90 MB. Everything of Electron is handed in.
import type { BrowserWindow, BrowserWindowConstructorOptions, Input, Rectangle, Session, WebContents } from 'electron';
import { ORIGIN } from './content.ts';

/** Size of the first time, and the smallest that the page is drawn for; CSS pixels. */
const USUAL = { width: 460, height: 680 };
const SMALLEST = { minWidth: 320, minHeight: 360 };

/** `--paper` of the page's style sheet. */
const GROUND = { light: '#fcfbfa', dark: '#171614' };

/** Options of a window as Electron's security checklist wants them. */
export function windowOptions(
  preload: string,
  icon: string,
  place: Partial<Rectangle>,
  dark: boolean,
): BrowserWindowConstructorOptions {
  return {
    ...USUAL,
    ...SMALLEST,
    ...place,
    title: 'Hearth',
    icon,
    show: false,
    autoHideMenuBar: true,
    // The page's own ground, so that nothing flashes before it is painted.
    backgroundColor: dark ? GROUND.dark : GROUND.light,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: true,
    },
  };
}

/** The remembered place, when a screen still shows enough of it to be grabbed. */
export function visiblePlace(place: unknown, screens: readonly Rectangle[]): Partial<Rectangle> {
  if (!isRectangle(place)) return {};
  const { width, height } = place;
  // A file that was edited, or written beside a larger screen, must not ask for more than there is.
  const most = (side: 'width' | 'height'): number => Math.max(...screens.map((screen) => screen[side]));
  const size = {
    width: Math.max(Math.min(width, most('width')), SMALLEST.minWidth),
    height: Math.max(Math.min(height, most('height')), SMALLEST.minHeight),
  };
  const seen = screens.some(
    (screen) =>
      place.x + 80 <= screen.x + screen.width &&
      place.x + width - 80 >= screen.x &&
      place.y >= screen.y &&
      place.y + 40 <= screen.y + screen.height,
  );
  return seen ? { x: place.x, y: place.y, ...size } : size;
}

function isRectangle(value: unknown): value is Rectangle {
  if (typeof value !== 'object' || value === null) return false;
  return (['x', 'y', 'width', 'height'] as const).every((key) => Number.isFinite((value as Rectangle)[key]));
}

/** Locks a session: no permission is ever granted, and nothing is asked (Electron security checklist, 5). */
export function lockSession(session: Pick<Session, 'setPermissionRequestHandler' | 'setPermissionCheckHandler'>): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
}

/** Locks a page in: it goes nowhere, opens nothing, embeds nothing (checklist, 12 to 14). */
export function lockContents(contents: Pick<WebContents, 'on' | 'setWindowOpenHandler'>): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

/** What a key of the window asks for: to close it, or to zoom out (-1), to the usual size (0) or in (1). */
export function keyWish(
  { type, key, control, meta, alt }: Pick<Input, 'type' | 'key' | 'control' | 'meta' | 'alt'>,
  platform: NodeJS.Platform,
): 'close' | -1 | 0 | 1 | undefined {
  const command = platform === 'darwin' ? meta && !control : control && !meta;
  if (type !== 'keyDown' || !command || alt) return undefined;
  switch (key.toLowerCase()) {
    case 'w':
      return 'close';
    case '+':
    case '=':
      return 1;
    case '-':
    case '_':
      return -1;
    case '0':
      return 0;
    default:
      return undefined;
  }
}

/** Whether a call over IPC came from our page, in the main frame of our window, and from nowhere else. */
export function isOwnPage(
  event: {
    readonly sender: Pick<WebContents, 'id' | 'mainFrame'>;
    readonly senderFrame: { readonly url: string } | null;
  },
  window: Pick<BrowserWindow, 'webContents' | 'isDestroyed'> | undefined,
): boolean {
  if (window === undefined || window.isDestroyed() || event.sender.id !== window.webContents.id) return false;
  const frame = event.senderFrame;
  return frame !== null && frame === event.sender.mainFrame && frame.url.startsWith(`${ORIGIN}/`);
}
