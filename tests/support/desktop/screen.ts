// A screen and a session bus of one's own for a test: Xvfb and dbus-daemon, each on an address that it chose itself and
// told, and each ended by its pid. Nothing is shared with the machine's own desktop.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface Service {
  /** `:7`, or `unix:path=…`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** How long a service may take to tell its address. Milliseconds. */
const READY_MS = 20_000;

/** An X screen; its size in pixels. */
export function startScreen(size = '1200x900'): Promise<Service> {
  const args = ['-displayfd', '3', '-screen', '0', `${size}x24`, '-nolisten', 'tcp', '-noreset'];
  return startService('Xvfb', args, (told) => `:${told}`);
}

/** A session bus. */
export function startBus(): Promise<Service> {
  return startService('dbus-daemon', ['--session', '--nofork', '--nosyslog', '--print-address=3'], (told) => told);
}

/** Starts a program that writes its address as a line on file descriptor 3. */
async function startService(program: string, args: string[], address: (told: string) => string): Promise<Service> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const told = await firstLine(child, program);
  return {
    address: address(told),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function firstLine(child: ChildProcess, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const limit = setTimeout(() => reject(new Error(`${program} did not start`)), READY_MS);
    child.once('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.once('exit', (code) => reject(new Error(`${program} ended with ${String(code)} before it was ready`)));
    (child.stdio[3] as Readable).on('data', (bytes: Buffer) => {
      text += bytes.toString();
      const end = text.indexOf('\n');
      if (end === -1) return;
      clearTimeout(limit);
      resolve(text.slice(0, end).trim());
    });
  });
}
