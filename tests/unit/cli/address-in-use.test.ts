// Where commands look for the gateway: the same place as `hearth serve` would take, found without loading all settings.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addressInUse } from '../../../backend/cli/gateway/address-in-use.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { fc } from '../../support/property.ts';

const folder = mkdtempSync(join(tmpdir(), 'hearth-address-'));
afterAll(() => rmSync(folder, { recursive: true }));

const host = fc.option(fc.constantFrom('127.0.0.1', '127.0.0.2', 'localhost', 'nas.local', '::1', '192.168.1.4'), {
  nil: undefined,
});
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const source = fc.record({ host, port });

test('is what serve would use, whichever of file and environment says it', async () => {
  await fc.assert(
    fc.asyncProperty(source, source, source, async (file, long, short) => {
      const data = { server: { ...(file.host && { host: file.host }), ...(file.port && { port: file.port }) } };
      const path = join(folder, 'config.json');
      writeFileSync(path, JSON.stringify(data));
      const env = {
        CONFIG_PATH: path,
        SERVER__HOST: long.host,
        SERVER__PORT: long.port?.toString(),
        HOST: short.host,
        PORT: short.port?.toString(),
      };
      const { server } = resolveConfig({ file: { path, data }, env }, 'headless').config;
      const name = server.host.includes(':') ? `[${server.host}]` : server.host;
      const found = await addressInUse({ url: undefined, config: undefined }, { env, cwd: folder });
      expect(found).toBe(new URL(`http://${name}:${server.port}`).origin);
    }),
    { numRuns: 50 },
  );
});

test.each([
  [{ url: 'localhost:9' }, {}, 'http://localhost:9'],
  [{ url: 'nas.local' }, {}, 'http://nas.local:8080'],
  [{ url: 'https://nas.local/hearth/' }, { HEARTH_URL: 'http://x' }, 'https://nas.local/hearth'],
  [{}, { HEARTH_URL: 'http://10.0.0.2:81/' }, 'http://10.0.0.2:81'],
  [{}, { HOST: '0.0.0.0' }, 'http://127.0.0.1:8080'],
  [{}, { HOST: '::', PORT: '9' }, 'http://[::1]:9'],
])('%j with %j is %s', async (options, env, url) => {
  const where = { url: undefined, config: undefined, ...options };
  expect(await addressInUse(where, { env, cwd: tmpdir() })).toBe(url);
});

test('no address and any free port are said in a sentence', async () => {
  const at = (url: string | undefined, env: Record<string, string>): Promise<string> =>
    addressInUse({ url, config: undefined }, { env, cwd: tmpdir() });
  await expect(at('http://', {})).rejects.toThrow('--url is no address');
  await expect(at(undefined, { PORT: '0' })).rejects.toThrow('Say where it is with --url');
});
