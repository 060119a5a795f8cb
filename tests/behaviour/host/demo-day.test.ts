// The promise: `npm run demo` plays a day by itself, in which everything that Hearth does can be seen happen, says that no model
// runs, and leaves nothing behind. The real program, over sockets, at a faster pace.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  detailedRequestSchema,
  requestListSchema,
  type DetailedRequest,
} from '../../../backend/contract/views/control.ts';
import { startCli, type Cli } from '../../support/built-cli.ts';

const temporary = mkdtempSync(join(tmpdir(), 'hearth-demo-test-'));
let demo: Cli | undefined;
afterEach(() => {
  if (demo?.child.exitCode === null) demo.child.kill('SIGKILL');
  rmSync(temporary, { recursive: true, force: true });
});

/** All requests so far, in the order in which they came, with what is known of each. */
async function requestsAt(url: string): Promise<readonly DetailedRequest[]> {
  const list = requestListSchema.parse(await (await fetch(`${url}/api/requests?limit=500`)).json());
  const details = list.requests.toReversed().map(async ({ request_id: id }) => {
    return detailedRequestSchema.parse(await (await fetch(`${url}/api/requests/${id}`)).json());
  });
  return await Promise.all(details);
}

/** When it had its turn. */
const startedAt = ({ created_at: at, queue_ms: waited }: DetailedRequest): number => Date.parse(at) + waited;

test('the demo plays a day in which each thing happens, and ends without a trace', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port: taken } = other.address() as AddressInfo;
  demo = startCli({
    program: 'tests/support/demo/demo-main.js',
    args: ['--set', 'log.level=error', '--speed', '40'],
    env: { TMPDIR: temporary, PORT: String(taken) },
  });
  const url = await demo.ready();
  expect(demo.err).toContain(`port ${taken} is taken, so it listens on port ${new URL(url).port}`);
  other.close();
  // The day has been played when its first scene comes again.
  await demo.says(/A chat in Open WebUI[^]*A chat in Open WebUI/);
  expect(demo.err).toContain('the answers come from a simulated Ollama, no model runs');
  expect(demo.err).toContain(`apps reach Hearth at ${url}`);
  const all = await requestsAt(url);
  const [night, titles] = ['the request', 'Open WebUI: title'].map((by) => all.filter((each) => each.class_by === by));

  // Several apps; kept answers, shared ones, and the model's own.
  expect(new Set(all.map(({ caller }) => caller)).size).toBeGreaterThan(7);
  const from = (source: string): number => all.filter((each) => each.source === source).length;
  expect([from('hit') >= 2, from('coalesced') >= 1, from('miss') + from('bypass') > 15]).toEqual([true, true, true]);
  // A title that stopped for a person, and was made afterwards.
  const gaveWay = titles?.find(({ detail }) => (detail?.place?.gave_way ?? 0) > 0);
  expect(gaveWay).toMatchObject({ class: 'background', status: 'completed' });
  // People who came after the night's work and had their turn before it.
  const last = night?.at(-1);
  const overtook = all.filter((each) => last && each.created_at > last.created_at && startedAt(each) < startedAt(last));
  expect(overtook.map((each) => each.class)).toContain('interactive');
  // A prompt that parts from the one before it at a clock.
  expect(all.find(({ detail }) => detail?.parted?.what === 'a clock')?.detail?.parted?.where).toBe('the system prompt');
  // A model that was loaded anew for another context.
  expect(all.map(({ detail }) => detail?.load ?? '').filter((load) => load.includes('num_ctx')).length).toBeGreaterThan(
    0,
  );
  // A model that was pulled.
  expect(await (await fetch(`${url}/api/tags`)).text()).toContain('gemma3:4b');
  // Failures with a reason.
  const errors = all.filter(({ status }) => status === 'failed').map(({ detail }) => detail?.error ?? '');
  expect(errors).toEqual([expect.stringMatching(/llama3\.1:8b/), expect.stringMatching(/more system memory/)]);
  expect(demo.err).toContain('failed: ');
  expect(demo.err).not.toContain('did not come about');

  demo.child.kill('SIGINT');
  expect(await demo.exit()).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});
