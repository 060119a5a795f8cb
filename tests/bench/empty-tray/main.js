// The yardstick of the desktop rows: an Electron app that has a tray icon and does nothing else.
import { app, Menu, nativeImage, Tray } from 'electron';

app.disableHardwareAcceleration();
let tray;
app.whenReady().then(() => {
  tray = new Tray(nativeImage.createEmpty());
  tray.setContextMenu(Menu.buildFromTemplate([{ label: 'Quit', click: () => app.quit() }]));
});
app.on('window-all-closed', () => undefined);
