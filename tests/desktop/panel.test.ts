// The app is never invisible: its icon is where a panel shows icons, and while none does there is a window, whose closing
// asks. The real app, its real tray, and a scripted panel on the bus.
import { expect } from 'vitest';
import { desktopTest } from '../support/desktop/desktop-test.ts';
import type { Desktop } from '../support/desktop/real-app.ts';
import type { TrayHost } from '../support/desktop/panel.ts';
import { eventually } from '../support/waiting.ts';

const close = (desktop: Desktop): Promise<void> =>
  desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());

const isReal = async (panel: TrayHost): Promise<void> => {
  await panel.registration(1);
  await panel.until(({ tooltip }) => tooltip.startsWith('llama3.2'), 'a tooltip');
};

desktopTest.concurrent('without a panel the window opens, and closing it asks whether to quit', async ({ stage }) => {
  const desktop = await stage.start({ panel: false });
  const page = await desktop.window();
  await desktop.ready();
  await close(desktop);
  await page.getByRole('button', { name: 'Keep running' }).click();
  await page.getByRole('button', { name: 'Keep running' }).waitFor({ state: 'detached' });
  await close(desktop);
  await page.getByRole('button', { name: 'Quit', exact: true }).click();
  expect(await desktop.ended).toBe(0);
});

desktopTest.concurrent(
  'a panel that comes a moment later, as at login, gets the icon, and no window opens',
  async ({ stage }) => {
    const desktop = await stage.start({ panel: false });
    await isReal(await stage.panelOn(desktop));
    expect(desktop.app.windows()).toHaveLength(0);
  },
);

desktopTest.concurrent(
  'a panel that starts after the window gets the icon at once, and closing asks nothing',
  async ({ stage }) => {
    const desktop = await stage.start({ panel: false });
    const page = await desktop.window();
    await close(desktop);
    await page.getByRole('button', { name: 'Keep running' }).waitFor();
    await isReal(await stage.panelOn(desktop));
    await page.getByRole('button', { name: 'Keep running' }).waitFor({ state: 'detached' });
    await close(desktop);
    await eventually('a closed window', () => desktop.app.windows().length === 0);
    expect((await fetch(`${desktop.url}/health`)).status).toBe(200);
  },
);

desktopTest.concurrent(
  'a watcher without a host shows no icon: the window comes, and the icon with the host',
  async ({ stage }) => {
    let watcher: TrayHost | undefined;
    const desktop = await stage.start({
      panel: false,
      before: async (env) => {
        watcher = await stage.panelAt(env['DBUS_SESSION_BUS_ADDRESS'] ?? '', { hasHost: false });
      },
    });
    await desktop.window();
    expect(watcher?.registered).toBe(0);
    watcher?.setHost(true);
    await isReal(watcher as unknown as TrayHost);
  },
);

desktopTest.concurrent(
  'when the panel ends the window opens, closing it asks, and the next panel gets the icon',
  async ({ stage }) => {
    const desktop = await stage.start({});
    await isReal(desktop.tray);
    expect(desktop.app.windows()).toHaveLength(0);
    desktop.tray.stop();
    const page = await desktop.window();
    await close(desktop);
    await page.getByText('There is no tray here for Hearth to stay in.').waitFor();
    await page.getByRole('button', { name: 'Keep running' }).click();
    await isReal(await stage.panelOn(desktop));
  },
);

desktopTest.concurrent('a panel that is started anew has the icon again, and no window comes', async ({ stage }) => {
  const desktop = await stage.start({});
  await isReal(desktop.tray);
  desktop.tray.stop();
  await isReal(await stage.panelOn(desktop));
  expect(desktop.app.windows()).toHaveLength(0);
});

desktopTest.concurrent('a panel that takes over from another has the icon as well', async ({ stage }) => {
  const desktop = await stage.start({});
  await isReal(desktop.tray);
  await isReal(await stage.panelOn(desktop));
});
