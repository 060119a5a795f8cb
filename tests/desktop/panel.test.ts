// The app is never invisible: its icon is where a panel shows icons, and while none does there is a window, whose closing
// asks. The real app, its real tray, and a scripted panel on the bus.
import { afterEach, expect, test } from 'vitest';
import { startDesktop, type Desktop, type DesktopOptions } from '../support/desktop/real-app.ts';
import { TrayHost } from '../support/desktop/panel.ts';
import { eventually } from '../support/waiting.ts';

let desktops: Desktop[] = [];
let panels: TrayHost[] = [];

afterEach(async () => {
  for (const panel of panels) panel.stop();
  for (const desktop of desktops) await desktop.stop();
  [panels, desktops] = [[], []];
});

async function start(options: DesktopOptions): Promise<Desktop> {
  const desktop = await startDesktop(options);
  desktops.push(desktop);
  return desktop;
}

async function panelOn(desktop: Desktop, options?: { hasHost: boolean }): Promise<TrayHost> {
  const panel = await TrayHost.start(desktop.env['DBUS_SESSION_BUS_ADDRESS'] ?? '', options);
  panels.push(panel);
  return panel;
}

const close = (desktop: Desktop): Promise<void> =>
  desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());

const isReal = async (panel: TrayHost): Promise<void> => {
  await panel.registration(1);
  await panel.until(({ tooltip }) => tooltip.startsWith('llama3.2'), 'a tooltip');
};

test('without a panel the window opens, and closing it asks whether to quit', async () => {
  const desktop = await start({ panel: false });
  const page = await desktop.window();
  await desktop.ready();
  await close(desktop);
  await page.getByRole('button', { name: 'Keep running' }).click();
  await page.getByRole('button', { name: 'Keep running' }).waitFor({ state: 'detached' });
  await close(desktop);
  await page.getByRole('button', { name: 'Quit', exact: true }).click();
  expect(await desktop.ended).toBe(0);
});

test('a panel that comes a moment later, as at login, gets the icon, and no window opens', async () => {
  const desktop = await start({ panel: false });
  await isReal(await panelOn(desktop));
  expect(desktop.app.windows()).toHaveLength(0);
});

test('a panel that starts after the window gets the icon at once, and closing asks nothing', async () => {
  const desktop = await start({ panel: false });
  const page = await desktop.window();
  await close(desktop);
  await page.getByRole('button', { name: 'Keep running' }).waitFor();
  await isReal(await panelOn(desktop));
  await page.getByRole('button', { name: 'Keep running' }).waitFor({ state: 'detached' });
  await close(desktop);
  await eventually('a closed window', () => desktop.app.windows().length === 0);
  expect((await fetch(`${desktop.url}/health`)).status).toBe(200);
});

test('a watcher without a host shows no icon: the window comes, and the icon with the host', async () => {
  const desktop = await start({
    panel: false,
    before: async (env) => {
      panels.push(await TrayHost.start(env['DBUS_SESSION_BUS_ADDRESS'] ?? '', { hasHost: false }));
    },
  });
  await desktop.window();
  const [watcher] = panels;
  expect(watcher?.registered).toBe(0);
  watcher?.setHost(true);
  await isReal(watcher as TrayHost);
});

test('when the panel ends the window opens, closing it asks, and the next panel gets the icon', async () => {
  const desktop = await start({});
  await isReal(desktop.tray);
  expect(desktop.app.windows()).toHaveLength(0);
  desktop.tray.stop();
  const page = await desktop.window();
  await close(desktop);
  await page.getByText('There is no tray here for Hearth to stay in.').waitFor();
  await page.getByRole('button', { name: 'Keep running' }).click();
  await isReal(await panelOn(desktop));
});

test('a panel that is started anew has the icon again, and no window comes', async () => {
  const desktop = await start({});
  await isReal(desktop.tray);
  desktop.tray.stop();
  await isReal(await panelOn(desktop));
  expect(desktop.app.windows()).toHaveLength(0);
});

test('a panel that takes over from another has the icon as well', async () => {
  const desktop = await start({});
  await isReal(desktop.tray);
  await isReal(await panelOn(desktop));
});
