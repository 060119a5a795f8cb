// Three gateways as users run them, two real Valkeys and nginx, each in a network namespace of its own: the primary is killed while
// answers stream and jobs run, and its address moves to the replica. `npm run fleet` does more to such a fleet, and for longer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { programOfNginx } from '../support/shipped-nginx.ts';
import { whyNoNetwork } from '../fleet/network.ts';

const PROGRAM = 'dist/tests/fleet/fleet-main.js';

// It needs root, as containers of CI have it, and rights over the network, which not all of these have.
test.skipIf(whyNoNetwork() !== undefined || programOfNginx() === undefined)(
  'a failover under a whole fleet loses no accepted job and breaks no stream',
  async () => {
    const child = spawn(process.execPath, [PROGRAM, '--short', '--only', 'the replica of Valkey takes over'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, said]).toEqual([0, expect.stringContaining('1 of 1 held') as string]);
  },
  400_000,
);
