// POST /api/pull of the fake Ollama: a model comes in parts, each told several times a second, as server/download.go and
// server/images.go do it. What came of a part stays when its client leaves or the download breaks off, and the next pull goes on there.
// Deliberately no registry: what can be had, how fast, and what goes wrong are said by whoever made the fake.
import { createHash } from 'node:crypto';
import { decode } from './fake-decode.ts';
import { nameIn, offeredBy, statusEnd, statusFailed } from './fake-manage.ts';
import { parseName } from './fake-models.ts';
import type { FakeModel } from './fake-models.ts';
import { PULL } from './fake-structs.ts';
import { FakeError, Lines, turn } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

/** What one pull does beside fetching the model. */
export interface ScriptedPull {
  /** Of its largest part. Default: half of it comes at once, then the rest. */
  readonly bytesPerS?: number;
  /** So many bytes come, and then the same is told again and again, as by Ollama when no byte comes, until the promise resolves. */
  readonly stall?: { readonly at: number; readonly until: Promise<unknown> };
  /** So many bytes come, and then an error is told, or without one the connection is reset. */
  readonly breaks?: { readonly at: number; readonly error?: string };
  /** The registry cannot be asked: this error, before anything comes. */
  readonly unreached?: string;
}

/** Between two lines about the same part, as Ollama has it. Milliseconds. */
const TICK_MS = 60;
/** The other part of each model: its configuration. Bytes. */
const CONFIG_BYTES = 487;

const PULLING = { status: 'pulling manifest' };

export async function pull(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, PULL);
  const stream = fields['stream'] !== false;
  const name = parseName(nameIn(fields));
  if (name === undefined) throw new FakeError(400, 'invalid model name');
  const out = new Lines(client);
  const say = async (line: unknown): Promise<void> => void (stream && (await out.json(line)));
  await say(PULLING);
  const offered = offeredBy(world, name, fields['insecure'] === true);
  if (typeof offered === 'string') return statusFailed(client, stream, 500, offered);
  const script = world.pulls.shift() ?? {};
  if (script.unreached !== undefined) return statusFailed(client, stream, 500, script.unreached);
  for (const part of partsOf(offered, name.key)) {
    const why = await fetched(world, client, { part, script, say });
    if (why === 'gone') return;
    if (why === 'reset') return await client.cut();
    if (why !== undefined) return await statusFailed(client, stream, 500, why);
  }
  for (const status of ['verifying sha256 digest', 'writing manifest']) {
    await turn();
    if (client.gone) return;
    await say({ status });
  }
  // A pull of what is there and unchanged keeps what the test said of it.
  const present = world.catalogue.find(name.short);
  const digest = offered.digest ?? hash(name.key);
  const unchanged = typeof present === 'object' && (world.options.registry === undefined || present.digest === digest);
  if (!unchanged) world.catalogue.install(offered);
  world.changed();
  await statusEnd(client, stream, { status: 'success' });
}

interface Part {
  readonly digest: string;
  readonly total: number;
}

function partsOf(offered: FakeModel, key: string): readonly Part[] {
  const weights = offered.weights ?? offered.digest ?? hash(key);
  return [
    { digest: `sha256:${weights}`, total: offered.size ?? 2_019_393_189 },
    { digest: `sha256:${hash(`config of ${key}`)}`, total: CONFIG_BYTES },
  ];
}

interface Fetch {
  readonly part: Part;
  readonly script: ScriptedPull;
  say(line: unknown): Promise<void>;
}

/** Undefined: all of it is here. Else why not. */
async function fetched(world: World, client: Client, { part, script, say }: Fetch): Promise<string | undefined> {
  const { digest, total } = part;
  const isLarge = total > CONFIG_BYTES;
  const tell = async (completed: number): Promise<boolean> => {
    world.partial.set(digest, completed);
    // Go leaves a zero out.
    await say({ status: `pulling ${digest.slice(7, 19)}`, digest, total, ...(completed > 0 && { completed }) });
    world.changed();
    const ms = script.bytesPerS === undefined ? (world.options.pieceMs ?? 0) : TICK_MS;
    return ms > 0 ? await client.sleep(ms) : (await turn(), !client.gone);
  };
  const isThere = world.catalogue.list().some(({ weights }) => `sha256:${weights}` === digest);
  let here = isThere ? total : (world.partial.get(digest) ?? 0);
  // What is on the disk is told once.
  if (here === total) return (await tell(total)) ? undefined : 'gone';
  if (!(await tell(here))) return 'gone';
  const perTick =
    script.bytesPerS === undefined ? Math.ceil(total / 2) : Math.ceil((script.bytesPerS * TICK_MS) / 1000);
  const { stall, breaks } = isLarge ? script : {};
  const stops = [stall?.at, breaks?.at].flatMap((at) => at ?? []);
  while (here < total) {
    const stop = Math.min(...stops.filter((at) => at > here), total);
    here = Math.min(here + perTick, stop);
    if (!(await tell(here))) return 'gone';
    if (breaks !== undefined && here >= breaks.at) return breaks.error ?? 'reset';
    if (stall !== undefined && here === stall.at && !(await stalled(client, stall.until, () => tell(here))))
      return 'gone';
  }
  return undefined;
}

/** False when the client left meanwhile. */
async function stalled(client: Client, until: Promise<unknown>, tell: () => Promise<boolean>): Promise<boolean> {
  let over = false;
  void until.then(() => (over = true));
  while (!over) if (!(await tell()) || !(await client.sleep(TICK_MS))) return false;
  return true;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
