// What the tests need of the system: a screen, a bus, a browser, shells, the libraries of Electron, Prometheus, Valkey, nginx. Says exactly what is
// missing and how to install it; on a Debian that it may change, it installs by itself. Run before the tests.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { programOfNginx, unpackNginx } from '../shipped-nginx.ts';
import { programOfPrometheus, unpackPrometheus } from '../prometheus.ts';
import { VALKEY_PACKAGES, valkeyProgram } from '../valkey.ts';

/** Debian's packages, each with a file that tells that it is there. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  xvfb: ['/usr/bin/Xvfb'],
  dbus: ['/usr/bin/dbus-daemon', '/usr/bin/dbus-send'],
  chromium: [process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium', '/usr/bin/google-chrome'],
  imagemagick: ['/usr/bin/import'],
  xdotool: ['/usr/bin/xdotool'],
  zsh: ['/usr/bin/zsh', '/bin/zsh'],
  fish: ['/usr/bin/fish'],
  'libgtk-3-0': libraries('libgtk-3.so.0'),
  libnss3: libraries('libnss3.so'),
  libasound2: libraries('libasound.so.2'),
  libgbm1: libraries('libgbm.so.1'),
  libxss1: libraries('libXss.so.1'),
  'libatk-bridge2.0-0': libraries('libatk-bridge-2.0.so.0'),
  libdrm2: libraries('libdrm.so.2'),
  libnotify4: libraries('libnotify.so.4'),
  'fonts-dejavu-core': ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'],
};

function libraries(name: string): string[] {
  return ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'].map(
    (folder) => `${folder}/${name}`,
  );
}

const missing = (): string[] =>
  Object.entries(NEEDED)
    // One of the places is enough, except where two programs come from one package.
    .filter(([name, files]) => (name === 'dbus' ? !files.every(existsSync) : !files.some(existsSync)))
    .map(([name]) => name);

/** The installed packages would start services, so they are unpacked alone, which the lists of a machine that is not ours allow too. */
const PROMETHEUS = 'prometheus';
const hasPrometheus = (): boolean =>
  programOfPrometheus('prometheus') !== undefined && programOfPrometheus('promtool') !== undefined;

/** The first of Valkey's packages that this Debian has. */
const valkeyPackage = (): string =>
  Object.keys(VALKEY_PACKAGES).find(
    (name) => spawnSync('apt-cache', ['show', '--quiet=2', name], { stdio: 'ignore' }).status === 0,
  ) ?? 'redis-tools';

/** Debian's Chromium without its window, which the page tests prefer (support/page/browser.ts) and do without elsewhere. */
const SHELL = 'chromium-headless-shell';
const lacksShell = (): boolean => existsSync('/usr/lib/chromium/chromium') && !existsSync(`/usr/lib/chromium/${SHELL}`);

function install(packages: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { stdio: 'inherit', env } as const;
  const add = ['install', '-y', '-qq', '--no-install-recommends'];
  spawnSync('apt-get', ['update', '-qq'], options);
  const all = [...packages, ...(valkeyProgram() === undefined ? [valkeyPackage()] : [])];
  if (all.length > 0) execFileSync('apt-get', [...add, ...all], options);
  if (lacksShell()) spawnSync('apt-get', [...add, SHELL], options);
}

if (process.platform === 'linux') {
  const wanted = missing();
  const hasApt = existsSync('/usr/bin/apt-get');
  const mayInstall = process.getuid?.() === 0 && hasApt;
  const lacks = !hasPrometheus() || programOfNginx() === undefined || valkeyProgram() === undefined || lacksShell();
  if ((wanted.length > 0 || lacks) && mayInstall) install(wanted);
  if (!hasPrometheus() && hasApt) unpackPrometheus();
  if (programOfNginx() === undefined && hasApt) unpackNginx();
  const left = [
    ...missing(),
    ...(hasPrometheus() ? [] : [PROMETHEUS]),
    ...(programOfNginx() === undefined ? ['nginx'] : []),
    ...(valkeyProgram() === undefined ? ['redis-tools'] : []),
  ];
  if (left.length > 0) {
    process.stderr.write(
      `The tests need these system packages: ${left.join(', ')}. Install them:\n  sudo apt-get install ${left.join(' ')}\n`,
    );
    process.exit(69);
  }
}
