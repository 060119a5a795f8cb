// Whether there is a screen to show a tray on. A variable alone says little: it may name a screen that has gone, as in a
// terminal that outlived its desktop, and there Electron would end with Chromium's words and a fault. So we try to connect to it.
import { connect, type NetConnectOpts } from 'node:net';
import { posix } from 'node:path';

/** A local screen answers at once; one behind ssh or on another machine takes longer. Milliseconds. */
const KNOCK_MS = 2000;

export type Knock = (door: NetConnectOpts) => Promise<boolean>;

type Variables = Readonly<Record<string, string | undefined>>;

/** The names of screens that the environment gives; nothing where none is given. */
export function namedDisplays(env: Variables): string[] {
  return [env['DISPLAY'], env['WAYLAND_DISPLAY']].filter((name) => name !== undefined && name !== '') as string[];
}

/** Linux alone runs without one; elsewhere there always is. */
export async function hasDisplay(env: Variables, platform: NodeJS.Platform, knock: Knock = answers): Promise<boolean> {
  if (platform !== 'linux') return true;
  for (const door of [...doorsOfX(env['DISPLAY'] ?? ''), ...doorsOfWayland(env)]) {
    if (await knock(door)) return true;
  }
  return false;
}

/** X(7), "Display names": `host:number.screen`, where no host, or `unix`, is this machine. */
function doorsOfX(name: string): NetConnectOpts[] {
  const [, host, number] = /^(?:\w+\/)?([^/]*):(\d+)(?:\.\d+)?$/.exec(name) ?? [];
  if (host === undefined || number === undefined) return [];
  if (host !== '' && host !== 'unix') return [{ host: host.replace(/^\[(.*)\]$/, '$1'), port: 6000 + Number(number) }];
  const path = `/tmp/.X11-unix/X${number}`;
  // The second is Linux's abstract name, which needs no file.
  return [{ path }, { path: `\0${path}` }];
}

function doorsOfWayland({ WAYLAND_DISPLAY: name = '', XDG_RUNTIME_DIR: folder = '' }: Variables): NetConnectOpts[] {
  if (name.startsWith('/')) return [{ path: name }];
  return name === '' || folder === '' ? [] : [{ path: posix.join(folder, name) }];
}

function answers(door: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...door, timeout: KNOCK_MS });
    const end = (there: boolean): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
