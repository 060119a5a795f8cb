// The tray on the screen: keeps Electron's Tray equal to the model. Linux shows the menu it was given last, so it is
// rebuilt at each change (Electron: Tray, "Platform considerations"), and nothing relies on a click on the icon there.
import type { Menu, MenuItemConstructorOptions, NativeImage, Tray } from 'electron';
import type { TrayCommand, TrayEntry, TrayIcon, TrayModel } from './tray-model.ts';

export interface TrayParts {
  readonly tray: Pick<Tray, 'setImage' | 'setToolTip' | 'setContextMenu'>;
  /** A name for how pictures are drawn now; another name means that they are to be drawn again. */
  ground(): string;
  picture(icon: TrayIcon): NativeImage;
  buildMenu(template: MenuItemConstructorOptions[]): Menu;
  run(command: TrayCommand): void;
}

/** Returns the function that shows a model; what did not change is left alone. */
export function attachTray({ tray, ground, picture, buildMenu, run }: TrayParts): (model: TrayModel) => void {
  let icon: string | undefined;
  let tooltip: string | undefined;
  let menu: string | undefined;
  return (model) => {
    const wanted = `${model.icon}${ground()}`;
    if (wanted !== icon) tray.setImage(picture(model.icon));
    if (model.tooltip !== tooltip) tray.setToolTip(model.tooltip);
    const now = JSON.stringify(model.menu);
    if (now !== menu) tray.setContextMenu(buildMenu(template(model.menu, run)));
    icon = wanted;
    ({ tooltip } = model);
    menu = now;
  };
}

function template(entries: readonly TrayEntry[], run: (command: TrayCommand) => void): MenuItemConstructorOptions[] {
  return entries.map((entry): MenuItemConstructorOptions => {
    switch (entry.type) {
      case 'separator':
        return { type: 'separator' };
      case 'label':
        return { label: escaped(entry.label), enabled: false };
      case 'submenu':
        return { label: escaped(entry.label), enabled: entry.enabled, submenu: template(entry.entries, run) };
      case 'command':
        return {
          label: escaped(entry.label),
          enabled: entry.enabled,
          click: () => run(entry.command),
          // Shown alone: they work everywhere already (main/window/shortcut.ts).
          ...(entry.keys === '' ? {} : { accelerator: entry.keys, registerAccelerator: false }),
        };
      case 'checkbox':
        return {
          type: 'checkbox',
          label: escaped(entry.label),
          enabled: entry.enabled,
          checked: entry.checked,
          click: () => run(entry.command),
        };
    }
  });
}

/** A single & would make the next letter a key on Windows and Linux. */
function escaped(label: string): string {
  return label.replaceAll('&', '&&');
}
