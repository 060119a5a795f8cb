// `npm run screenshots`: makes the README's pictures anew, from the real app in front of the simulated Ollama, on a screen
// of its own with a real panel (Debian package xfce4-panel) that shows the tray. Looks at nothing of this machine's desktop.
// It plays the demo's day for 20 minutes before; `--minutes 1` plays shorter, `--after FILE` after what is in a hearth.db.
// `npm run screenshots -- minute`: those of within-a-minute.ts, for which no panel is needed. Each time, or alone with
// `-- film`, the README's moving picture is made of what there is.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { startDesktop, type Desktop } from './real-app.ts';
import { claudeCode, llm, nightScript, openWebui, type AppRequest } from '../demo/demo-apps.ts';
import { playDays, pullsOf } from '../demo/demo-day.ts';
import { CHAT, REGISTRY } from '../demo/demo-models.ts';
import { demoOllama } from '../demo/demo-ollama.ts';
import { demoStage, type Stage } from '../demo/demo-stage.ts';
import { eventually } from '../waiting.ts';
import { projectRoot } from './processes.ts';
import { makeFilm } from './film.ts';
import { DOWNLOADED, firstSteps } from './first-steps.ts';
import { takeThem } from './within-a-minute.ts';

const run = promisify(execFile);
const out = join(projectRoot(), 'docs', 'images');
/** A panel does not tell when it has painted. Milliseconds. */
const PAINT_MS = 2500;
/** For what takes its time, also on a machine that is busy. Milliseconds. */
const PATIENCE_MS = 300_000;
/** Its height, at twice the density. */
const PANEL_PX = 64;

const PANEL = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
`;

let panel: ChildProcess | undefined;

async function startPanel(env: Readonly<Record<string, string>>): Promise<void> {
  const folder = join(env['XDG_CONFIG_HOME'] ?? '', 'xfce4', 'xfconf', 'xfce-perchannel-xml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'xfce4-panel.xml'), PANEL);
  // The bus starts xfconfd, which reads the file above, and would do so with an environment of its own.
  await run('dbus-update-activation-environment', ['HOME', 'XDG_CONFIG_HOME'], { env: { ...env } });
  // The menu is drawn by the panel.
  panel = spawn('xfce4-panel', ['--disable-wm-check'], { env: { ...env, GDK_SCALE: '2' }, stdio: 'ignore' });
  await sleep(PAINT_MS);
}

/** How long the demo's day is played before the first picture, so that there is something to plot. */
const PLAYED_MINUTES = 20;

/** Requests that stand in line while the pictures are taken. */
const OPEN: readonly AppRequest[] = [
  openWebui.chat('anna', { model: CHAT, content: 'Retell the plot of the novel, chapter by chapter.' }),
  claudeCode(CHAT, 'Why does this test fail?'),
  openWebui.chat('ben', { model: CHAT, content: 'Plan the meals of a week for four.' }),
  llm(CHAT, 'Name ten birds that sing at night.'),
  openWebui.title('anna', CHAT, 'Retell the plot of the novel.'),
  nightScript(CHAT, 'Summarize the log of yesterday.'),
];

async function picture(page: Page, name: string, dark: boolean): Promise<void> {
  // What is to be seen is not behind a notice.
  const dismiss = page.locator('.dock').getByRole('button', { name: /^(?:Dismiss|Not now)$/ });
  // One that goes by itself meanwhile is as good.
  while ((await dismiss.count()) > 0)
    await dismiss
      .first()
      .click({ timeout: 3000 })
      .catch(() => undefined);
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  await sleep(1200);
  await page.screenshot({ path: join(out, `${name}.png`) });
}

async function main(): Promise<void> {
  mkdirSync(out, { recursive: true });
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' }, after: { type: 'string' } },
  });
  if (positionals[0] === 'minute') await takeThem(picture);
  else if (positionals[0] !== 'film') await readmePictures(Number(values.minutes ?? PLAYED_MINUTES), values.after);
  await makeFilm(out);
  process.stdout.write(`pictures in ${out}\n`);
}

/** Plays the demo's day in front of an app, at its usual pace. */
async function play({ url, fake }: Desktop, minutes: number): Promise<Stage> {
  const signal = AbortSignal.timeout(minutes * 60_000);
  const stage = { url, fake, speed: 1, say: (line: string): void => void process.stderr.write(`${line}\n`) };
  await playDays(demoStage({ ...stage, signal }));
  // What was asked is answered, and what was begun is on the disk, before the line is held.
  await eventually('no download', async () => (await pullsOf(url)) === 0, { limitMs: PATIENCE_MS, everyMs: 1000 });
  await fake.until(({ open }) => open === 0, PATIENCE_MS);
  return demoStage({ ...stage, signal: new AbortController().signal });
}

async function readmePictures(minutes: number, after: string | undefined): Promise<void> {
  // At twice the density, for today's screens.
  const desktop = await startDesktop({
    panel: false,
    before: startPanel,
    // Where people have them.
    fake: { ...demoOllama(1), registry: [...REGISTRY, DOWNLOADED], port: 11434 },
    port: 8080,
    screenSize: '2400x1800',
    args: ['--force-device-scale-factor=2'],
    // What an earlier play has left.
    prepare: (folder) => after !== undefined && cpSync(after, join(folder, 'hearth.db')),
  });
  try {
    await desktop.ready();
    const page = await desktop.window();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.getByRole('tab', { name: 'Overview' }).waitFor();
    const stage = await play(desktop, minutes);
    const gate = desktop.fake.gate();
    const open = OPEN.map((request) => stage.ask(request));
    await desktop.fake.until(({ active }) => active === 1, PATIENCE_MS);
    await picture(page, 'overview', false);
    await page.getByRole('tab', { name: 'Queue' }).click();
    await picture(page, 'queue-dark', true);
    await page.getByRole('tab', { name: 'Models' }).click();
    await picture(page, 'models', false);
    await page.getByRole('tab', { name: 'Settings' }).click();
    await picture(page, 'settings', false);
    await trayMenu(desktop);
    await showWindow(desktop, 460, 680);
    gate.release();
    await Promise.all(open);
    await firstSteps(page, stage, both);
  } finally {
    panel?.kill('SIGTERM');
    await desktop.stop();
  }
}

async function both(page: Page, name: string): Promise<void> {
  for (const dark of [false, true]) await picture(page, dark ? `${name}-dark` : name, dark);
}

async function showWindow(desktop: Desktop, width: number, height: number): Promise<void> {
  await desktop.app.evaluate(
    ({ BrowserWindow }, size) => {
      const [window] = BrowserWindow.getAllWindows();
      window?.setContentSize(...size);
      window?.show();
    },
    [width, height] as [number, number],
  );
}

/** Opens the tray's menu with the mouse, as a user does, and takes the corner of the screen that it fills. */
async function trayMenu(desktop: Desktop): Promise<void> {
  await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
  const env = { ...desktop.env };
  await run('xdotool', ['mousemove', '36', '30', 'click', '3'], { env });
  await sleep(PAINT_MS);
  // Beside its entries, so that none is lit.
  await run('xdotool', ['mousemove', '2300', '1700'], { env });
  await sleep(PAINT_MS);
  const file = join(out, 'tray.png');
  await run('import', ['-window', 'root', file], { env });
  // Below the panel there is the menu on a black screen, and nothing else.
  const { stdout } = await run('convert', [file, '-crop', `+0+${PANEL_PX}`, '+repage', '-format', '%@', 'info:']);
  const [width = 0, height = 0, x = 0, y = 0] = stdout.split(/[x+]/).map(Number);
  await run('convert', [file, '-crop', `${x + width}x${PANEL_PX + y + height}+0+0`, '+repage', file]);
  await run('xdotool', ['key', 'Escape'], { env });
}

await main();
