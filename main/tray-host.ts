// Whether anything on this desktop shows tray icons. On Linux a panel says so on the session bus; elsewhere there is
// always one. Electron does not tell, so the bus is asked with the tools it comes with.
import { execFile } from 'node:child_process';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const ASK_MS = 2000;

/** The same question in the words of the two tools that desktops bring along. */
const QUESTIONS: readonly { readonly program: string; readonly args: readonly string[] }[] = [
  {
    program: 'dbus-send',
    args: [
      '--session',
      '--print-reply=literal',
      '--dest=org.freedesktop.DBus',
      '/org/freedesktop/DBus',
      'org.freedesktop.DBus.NameHasOwner',
      `string:${WATCHER}`,
    ],
  },
  {
    program: 'gdbus',
    args: [
      'call',
      '--session',
      '--dest=org.freedesktop.DBus',
      '--object-path=/org/freedesktop/DBus',
      '--method=org.freedesktop.DBus.NameHasOwner',
      WATCHER,
    ],
  },
];

/** Resolves with false also when nobody can be asked: then the window opens, and the app is never without a face. */
export async function hasTrayHost(platform: NodeJS.Platform): Promise<boolean> {
  if (platform !== 'linux') return true;
  for (const { program, args } of QUESTIONS) {
    const answer = await ask(program, args);
    if (answer !== undefined) return /\btrue\b/.test(answer);
  }
  return false;
}

function ask(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: ASK_MS }, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}
