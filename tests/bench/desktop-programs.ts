// The desktop apps that are measured: Hearth and the empty yardstick, in one Electron, each on the same screen and bus and
// in a home of its own. Knows their memory over all processes. It measures nothing itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { findElectron, type FoundElectron } from '../../main/launch/electron-runtime.ts';
import { family, projectRoot } from '../support/desktop/processes.ts';
import { startBus, startScreen, type Service } from '../support/desktop/screen.ts';
import { TrayHost } from '../support/desktop/panel.ts';

const project = projectRoot();
const EMPTY = join(project, 'tests', 'bench', 'empty-tray');

/** `open`: Hearth with its window; the others have none. */
export type AppName = 'hearth' | 'open' | 'empty';

/** A screen, a bus and a panel for as many apps as are measured, one after the other. */
export class Stage {
  readonly #services: readonly Service[];
  readonly #electron: FoundElectron;
  readonly panel: TrayHost;

  private constructor(services: readonly Service[], electron: FoundElectron, panel: TrayHost) {
    this.#services = services;
    this.#electron = electron;
    this.panel = panel;
  }

  static async start(): Promise<Stage> {
    const { env, platform, arch } = process;
    const electron = await findElectron({
      project,
      env,
      platform,
      arch,
      say: (text) => process.stderr.write(`${text}\n`),
    });
    if (electron === undefined) throw new Error('there is no Electron to measure');
    const screen = await startScreen();
    const bus = await startBus();
    return new Stage([screen, bus], electron, await TrayHost.start(bus.address));
  }

  get electronVersion(): string {
    return this.#electron.version;
  }

  /** Starts an app; resolves when its tray has registered. */
  async open(name: AppName, port: number, more: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
    const [screen, bus] = this.#services;
    const home = mkdtempSync(join(tmpdir(), 'hearth-bench-'));
    mkdirSync(join(home, 'data'));
    writeFileSync(join(home, 'data', 'state.json'), '{"first_run_done":true}');
    const before = this.panel.registered;
    const startedAt = performance.now();
    const child = spawn(
      this.#electron.executable,
      [
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${join(home, 'chromium')}`,
        ...(name === 'open' ? [] : ['--hidden']),
      ],
      {
        stdio: 'ignore',
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: home,
          DISPLAY: screen?.address ?? '',
          DBUS_SESSION_BUS_ADDRESS: bus?.address ?? '',
          NO_AT_BRIDGE: '1',
          HEARTH_DATA_DIR: join(home, 'data'),
          PORT: String(port),
          ...more,
          ...this.#electron.env,
          HEARTH_PROJECT: name === 'empty' ? EMPTY : project,
        },
      },
    );
    await this.panel.registration(before + 1);
    return new RunningApp(child, home, performance.now() - startedAt);
  }

  async stop(): Promise<void> {
    this.panel.stop();
    for (const service of this.#services) await service.stop();
  }
}

export class RunningApp {
  /** From spawn to the registration of its tray. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #home: string;

  constructor(child: ChildProcess, home: string, startMs: number) {
    this.#child = child;
    this.#home = home;
    this.startMs = startMs;
  }

  /**
   * Memory of all its processes in MB: the proportional share (PSS), so that what they have in common counts once.
   */
  pssMb(): number {
    const kb = family(this.#child.pid ?? 0).map(({ pid }) => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
    });
    return kb.reduce((sum, each) => sum + each, 0) / 1024;
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((done) => this.#child.once('exit', () => done()));
    this.#child.kill('SIGTERM');
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(limit);
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}
