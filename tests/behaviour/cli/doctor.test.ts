// `hearth doctor`: what it says of a machine where all is well, and of one where it is not.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkContext, checkGpu, checkParallel, isOlder } from '../../../backend/cli/doctor/check-ollama.ts';
import type { Finding } from '../../../backend/cli/doctor/finding.ts';
import type { Known } from '../../../backend/cli/doctor/look-around.ts';
import { ollamaEnvironment } from '../../../backend/cli/doctor/ollama-environment.ts';
import { listenerOn } from '../../../backend/cli/doctor/who-listens.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import type { ModelView, RequestFact } from '../../../backend/contract/views/control.ts';
import { commandLine } from '../../support/command-line.ts';
import { startHearth } from '../../support/hearth.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Told {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

async function findings(env: Record<string, string>): Promise<readonly [code: number, Told]> {
  const { code, out } = await commandLine(['doctor', '--json'], {
    cwd: folder,
    env: { HEARTH_DATA_DIR: folder, ...env },
  });
  return [code, JSON.parse(out) as Told];
}

const said = ({ findings: all }: Told, result: Finding['result']): string[] =>
  all.filter((each) => each.result === result).map(({ says }) => says);

test('where all is well nothing fails, and each matter has a sentence', async () => {
  const hearth = await startHearth({ dataFolder: folder });
  const [code, told] = await findings({ HEARTH_URL: hearth.url, OLLAMA_API_URL: hearth.fake.url });
  expect([code, told.ok, said(told, 'fail')]).toEqual([0, true, []]);
  const checks = told.findings.map(({ check }) => check);
  for (const each of [
    'config',
    'gateway',
    'ollama',
    'model',
    'parallel',
    'context',
    'keep_alive',
    'gpu',
    'keys',
    'proxy',
    'disk',
    'clock',
  ]) {
    expect(checks).toContain(each);
  }
  const { out } = await commandLine(['doctor'], {
    cwd: folder,
    columns: 60,
    env: { HEARTH_URL: hearth.url, OLLAMA_API_URL: hearth.fake.url },
  });
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(out).toMatch(/\d+ well, \d+ to look at, 0 wrong, \d+ not to be seen from here\.\n$/);
  await hearth.stop();
});

test('says what is wrong without a gateway: its port, Ollama, the settings, proxies', async () => {
  const other = createServer((_req, res) => res.end('other')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const env = {
    PORT: String(port),
    OLLAMA_API_URL: 'http://127.0.0.1:1',
    HTTP_PROXY: 'http://proxy:3128',
    SERVER__LAN: 'true',
  };
  const [code, told] = await findings(env);
  expect([code, told.ok]).toEqual([1, false]);
  expect(said(told, 'fail')).toEqual([
    expect.stringMatching(new RegExp(`^Port ${port} is taken by .*, which is no Hearth\\.$`)),
    expect.stringMatching(/^Ollama does not answer at http:\/\/127\.0\.0\.1:1\./),
  ]);
  expect(said(told, 'warn')).toEqual([
    expect.stringContaining('server.lan is on, but there is no key'),
    expect.stringContaining('HTTP_PROXY is set and NO_PROXY does not name this machine'),
  ]);
  for (const { result, todo } of told.findings) if (result !== 'ok') expect(todo).toMatch(/\.$/);
  other.close();
  await writeFile(join(folder, 'config.toml'), '[queue]\nmax_concurrent = 0\n');
  expect(said((await findings({ ...env, HTTP_PROXY: '' }))[1], 'fail')[0]).toContain('max_concurrent must be');
});

test('sees how Ollama was started and who listens, where the system shows it', async () => {
  const process = join(folder, '42');
  await mkdir(join(process, 'fd'), { recursive: true });
  await mkdir(join(folder, 'net'));
  await writeFile(join(process, 'cmdline'), '/usr/bin/ollama\0serve\0');
  await writeFile(join(process, 'environ'), 'HOME=/root\0OLLAMA_NUM_PARALLEL=4\0');
  await writeFile(join(process, 'comm'), 'ollama\n');
  await symlink('socket:[777]', join(process, 'fd', '3'));
  const line = '   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1';
  await writeFile(join(folder, 'net', 'tcp'), `  sl  local_address\n${line}\n`);
  expect(await ollamaEnvironment(folder)).toEqual({ variables: { OLLAMA_NUM_PARALLEL: '4' }, seenIn: 'process 42' });
  expect([await listenerOn(11434, folder), await listenerOn(11435, folder)]).toEqual([
    'ollama (process 42)',
    undefined,
  ]);
});

const settings = (flags: Record<string, unknown>): Pick<Known, 'settings'> => ({
  settings: resolveConfig({ flags }, 'headless'),
});
const asked = (variables: Record<string, string> | undefined, most: number): Finding | undefined =>
  checkParallel({
    ...settings({ 'queue.max_concurrent': most }),
    environment: variables === undefined ? undefined : { variables, seenIn: 'process 42' },
  } as Known)[0];

test.each([
  [undefined, 1, 'ok', /one request at a time/],
  [undefined, 3, 'unknown', /cannot be seen from here/],
  [{}, 2, 'warn', /OLLAMA_NUM_PARALLEL is not set \(process 42\), so it is 1: the others wait inside Ollama/],
  [{ OLLAMA_NUM_PARALLEL: '4' }, 4, 'ok', /OLLAMA_NUM_PARALLEL is 4/],
  [{ OLLAMA_NUM_PARALLEL: '4' }, 1, 'warn', /slots with their memory are never used/],
] as const)('OLLAMA_NUM_PARALLEL in %j against %i at a time: %s', (variables, most, result, says) => {
  expect(asked(variables, most)).toMatchObject({ result, says: expect.stringMatching(says) });
});

test('judges contexts, loads and the GPU by what was measured', () => {
  const model = { name: 'm', loaded: true, remote: false, context_length: 4096, size_loaded: 100, size_vram: 0 };
  const fact = (more: Partial<RequestFact>): RequestFact => ({ model: 'm', caller: 'aider', ...more }) as RequestFact;
  const known = (requests: readonly RequestFact[]): Known =>
    ({ gateway: { says: { snapshot: { models: [model as ModelView] }, requests } } }) as unknown as Known;
  expect(checkContext(known([fact({ prompt_tokens: 100 })]))[0]).toMatchObject({ result: 'ok' });
  expect(checkContext(known([fact({ prompt_tokens: 4090 })]))[0]?.says).toBe(
    'aider sent 4,090 tokens to m, whose context has 4,096: what does not fit is left out.',
  );
  const loads = [1, 2, 3].map(() => fact({ load_ms: 3000 }));
  expect(checkContext(known(loads))[0]?.says).toContain('m was loaded anew 3 times');
  expect(checkGpu(known([]))[0]).toMatchObject({ result: 'warn', says: expect.stringContaining('m is not on a GPU') });
  expect([isOlder('0.9.1', '0.13.3'), isOlder('0.13.3', '0.13.3'), isOlder('0.0.0', '0.13.3'), isOlder('1.0.0-rc1', '0.13.3')]).toEqual([true, false, false, false]); // prettier-ignore
});
