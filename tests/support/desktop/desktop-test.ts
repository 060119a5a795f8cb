// A test with apps of its own: what it starts is ended after it, so that two tests may run beside each other. Each app has
// its own screen, bus, home and port.
import { test as base } from 'vitest';
import { TrayHost } from './panel.ts';
import { startDesktop, type Desktop, type DesktopOptions } from './real-app.ts';

export interface DesktopStage {
  start(options?: DesktopOptions): Promise<Desktop>;
  /** A panel on the bus with this address. */
  panelAt(address: string, options?: { readonly hasHost: boolean }): Promise<TrayHost>;
  panelOn(desktop: Desktop): Promise<TrayHost>;
  /** Runs after the test, before its apps are ended. */
  after(undo: () => void): void;
}

export const desktopTest = base.extend<{ stage: DesktopStage }>({
  stage: async ({ task: _task }, use) => {
    const desktops: Desktop[] = [];
    const undoings: (() => void)[] = [];
    const stage: DesktopStage = {
      async start(options) {
        const desktop = await startDesktop(options);
        desktops.push(desktop);
        return desktop;
      },
      async panelAt(address, options) {
        const panel = await TrayHost.start(address, options);
        undoings.push(() => panel.stop());
        return panel;
      },
      panelOn: (desktop) => stage.panelAt(desktop.env['DBUS_SESSION_BUS_ADDRESS'] ?? ''),
      after: (undo) => void undoings.push(undo),
    };
    await use(stage);
    for (const undo of undoings) undo();
    for (const desktop of desktops) await desktop.stop();
  },
});
