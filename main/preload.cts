// The window's side of the wire: two channels, and nothing of Electron or Node beyond them.
// It runs in a sandbox and is CommonJS because a sandboxed preload script cannot be an ES module.
import type * as Electron from 'electron';

const { contextBridge, ipcRenderer }: typeof Electron = require('electron');

// Spelled out here, since a sandboxed preload can load no other file; a test compares them with the contract's CHANNELS.
const CALL = 'hearth:call';
const PUSH = 'hearth:push';

contextBridge.exposeInMainWorld('hearth', {
  call: (command: string, input: unknown) => ipcRenderer.invoke(CALL, command, input),
  onPush: (listener: (push: unknown) => void) => {
    const heard = (_event: unknown, push: unknown): void => listener(push);
    ipcRenderer.on(PUSH, heard);
    return () => void ipcRenderer.off(PUSH, heard);
  },
});
