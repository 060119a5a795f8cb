// Whether a panel shows tray icons, heard on a real bus from a scripted watcher, without Electron.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchTrayHost } from '../../main/tray/tray-host.ts';
import { realClock } from '../support/clocks.ts';
import { startBus, type Service } from '../support/desktop/screen.ts';
import { TrayHost } from '../support/desktop/panel.ts';

let bus: Service;
let life: AbortController;
let panels: TrayHost[];
/** What was told, in order. */
let told: boolean[];
const address = process.env['DBUS_SESSION_BUS_ADDRESS'];

beforeEach(async () => {
  bus = await startBus();
  process.env['DBUS_SESSION_BUS_ADDRESS'] = bus.address;
  life = new AbortController();
  panels = [];
  told = [];
});

afterEach(async () => {
  life.abort();
  for (const panel of panels) panel.stop();
  await bus.stop();
  if (address === undefined) delete process.env['DBUS_SESSION_BUS_ADDRESS'];
  else process.env['DBUS_SESSION_BUS_ADDRESS'] = address;
});

async function panel(options?: { hasHost: boolean }): Promise<TrayHost> {
  const started = await TrayHost.start(bus.address, options);
  panels.push(started);
  return started;
}

function watch(platform: NodeJS.Platform = 'linux'): Promise<boolean> {
  return watchTrayHost({ platform, clock: realClock(), signal: life.signal, onChange: (there) => told.push(there) });
}

async function hears(...expected: boolean[]): Promise<void> {
  await expect.poll(() => told, { timeout: 10_000 }).toEqual(expected);
}

test('a panel that was there first is seen at once, and nothing more is told', async () => {
  await panel();
  expect(await watch()).toBe(true);
  expect(told).toEqual([]);
});

test('a panel that comes, goes and comes back is heard each time', async () => {
  expect(await watch()).toBe(false);
  const first = await panel();
  await hears(true);
  first.stop();
  await hears(true, false);
  await panel();
  await hears(true, false, true);
});

test('a watcher that nobody draws for is no panel until a host registers with it', async () => {
  const watcher = await panel({ hasHost: false });
  expect(await watch()).toBe(false);
  watcher.setHost(true);
  await hears(true);
  watcher.setHost(false);
  await hears(true, false);
});

test('a watcher that gets its host without a word is found all the same', async () => {
  const watcher = await panel({ hasHost: false });
  expect(await watch()).toBe(false);
  watcher.setHost(true, { silently: true });
  await hears(true);
});

test('a panel that takes over from another is told of, since it knows no icon yet', async () => {
  await panel();
  expect(await watch()).toBe(true);
  await panel();
  await hears(true);
});

test('without a bus nobody shows icons', async () => {
  process.env['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=/nonexistent/bus';
  expect(await watch()).toBe(false);
});

test('elsewhere than on Linux there always is a place for icons', async () => {
  expect(await watch('darwin')).toBe(true);
  expect(await watch('win32')).toBe(true);
});

test('a bus that breaks ends nothing', async () => {
  await panel();
  expect(await watch()).toBe(true);
  await bus.stop();
});
