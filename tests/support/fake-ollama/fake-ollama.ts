// A fake Ollama for tests, the benchmark and the demo: a real HTTP server on 127.0.0.1 that behaves as Ollama 0.33 does, also when it
// misbehaves, can be scripted, and remembers what it was asked. Whoever talks to it uses a socket; nothing is mocked.
// It simulates: all of Ollama's routes and its OpenAI and Anthropic dialects, with their status, framing, order of keys and wording
// (tests/unit/fake-ollama/fake-transcripts.test.ts compares them with recordings of a real one); the scheduler with loads, evictions, slots and
// keep_alive; what goes wrong: killed runners, silent ends, restarts, cut connections, something else that answers in its place.
// It does not: run a model, count real tokens, render templates, reach a registry, or search the web.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Instead, RecordedCall, Scripted } from './fake-call.ts';
import type { Gate } from './fake-events.ts';
import type { FakeModel } from './fake-models.ts';
import type { ScriptedPull } from './fake-pull.ts';
import { loadedModels, serve } from './fake-routes.ts';
import type { LoadedModel } from './fake-routes.ts';
import type { LoadRecord } from './fake-scheduler.ts';
import { World } from './fake-world.ts';
import type { FakeOptions } from './fake-world.ts';

export type { CallKind, Instead, RecordedCall, Scripted, ScriptedPiece } from './fake-call.ts';
export type { Gate } from './fake-events.ts';
export { DEFAULT_MODELS } from './fake-models.ts';
export type { FakeDetails, FakeModel } from './fake-models.ts';
export type { LoadedModel } from './fake-routes.ts';
export type { ScriptedPull } from './fake-pull.ts';
export type { LoadRecord } from './fake-scheduler.ts';
export type { FakeOptions } from './fake-world.ts';

export interface FakeOllama {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** Every request in order of arrival. */
  readonly calls: readonly RecordedCall[];
  /** Calls that asked for a model run: /api/chat and /api/generate with content that passed all checks. */
  chats(): readonly RecordedCall[];
  /** Calls to /api/embed and /api/embeddings with input that passed all checks. */
  embeds(): readonly RecordedCall[];
  /** Model runs (embeds too) that hold a slot now. */
  readonly active: number;
  /** Highest `active` so far. With `parallel: 1` it cannot exceed 1 per model however much a gateway sends: see `peakOpen`. */
  readonly peak: number;
  /** Accepted model calls that have not ended: waiting for a load or slot, or running. */
  readonly open: number;
  /** Highest `open` so far. */
  readonly peakOpen: number;
  /** Each start of a runner. */
  readonly loads: readonly LoadRecord[];
  /** As /api/ps lists it. */
  loaded(): readonly LoadedModel[];
  /** Scripts for the next model calls in order of their arrival; each is used once. Embeds take from this list too. */
  next(...scripts: readonly Scripted[]): void;
  /** What model calls do when neither `when` nor `next` has a script; undefined = normal. */
  always(script: Scripted | undefined): void;
  /** The script of every model call that matches. Goes before `next` and `always`; the first rule that matches wins. */
  when(match: (call: RecordedCall) => boolean, script: Scripted): void;
  /** Scripts for the next pulls in order of their arrival; each is used once. */
  nextPull(...scripts: readonly ScriptedPull[]): void;
  /** Holds every model run in its slot before its first byte. Several gates hold until all are released. */
  gate(): Gate;
  /** Holds every load before its end. */
  gateLoads(): Gate;
  /** Resolves when the predicate is true; it is looked at again after each change of state. Rejects after `timeoutMs` (5000). */
  until(predicate: (fake: FakeOllama) => boolean, timeoutMs?: number): Promise<void>;
  /** Replaces the whole disk. */
  setModels(models: readonly FakeModel[]): void;
  /** Adds a model or replaces the one of that name, as `ollama pull` and `ollama create` do. What is loaded stays loaded. */
  install(model: FakeModel): void;
  /** Removes a model from the disk. */
  remove(name: string): void;
  /** Forgets all loaded runners at once. */
  unloadAll(): void;
  /** Ollama is killed: no listener, all connections dropped, nothing loaded. */
  goDown(): Promise<void>;
  /** Ollama is started again, on the same port; with another version when one is given. */
  comeBack(version?: string): Promise<void>;
  /** Ollama is killed and started again, after `downMs` milliseconds (0), with another version when one is given. */
  restart(how?: { readonly downMs?: number; readonly version?: string }): Promise<void>;
  /** The runner process of this model is killed, or all of them: answers under way break off, the next request loads anew. */
  killRunner(model?: string): void;
  /** Until the gate is released, each request that matches gets this in place of Ollama's answer: a proxy's 503, a page of HTML, silence. The newest that matches wins. */
  instead(match: (call: RecordedCall) => boolean, answer: Instead): Gate;
  /** While true new requests are accepted and get no answer at all; they are answered once it is false again. */
  hang(on: boolean): void;
  /** Back to the beginning: scripts, gates, records, loaded runners, disk. Does not stop what runs and does not come back. */
  reset(): void;
  /** The end: no listener, no connection, no timer left. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a fake; it listens when the promise resolves. */
export async function startFakeOllama(options: FakeOptions = {}): Promise<FakeOllama> {
  const world = new World(options);
  const server = createServer((req, res) => serve(world, req, res));
  // Go's server has none of these limits, and an idle connection closed just as it is used again makes tests flicker.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;

  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  const down = async (): Promise<void> => {
    if (!server.listening) return;
    // The server leaves here, not the client: not an abort.
    for (const client of world.clients) client.finish('error');
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      world.scheduler.unloadAll();
    });
    // All waits end with their clients; a call that is still open now would be a fault of this fake.
    await fake.until(({ open }) => open === 0);
  };

  const back = async (version?: string): Promise<void> => {
    world.version = version ?? world.version;
    if (!server.listening) await listen(port);
  };

  const fake: FakeOllama = {
    url: `http://127.0.0.1:${port}`,
    port,
    get calls() {
      return world.calls;
    },
    chats: () => world.calls.filter(({ kind }) => kind === 'run'),
    embeds: () => world.calls.filter(({ kind }) => kind === 'embed'),
    get active() {
      return world.active;
    },
    get peak() {
      return world.peak;
    },
    get open() {
      return world.open;
    },
    get peakOpen() {
      return world.peakOpen;
    },
    get loads() {
      return world.scheduler.loads;
    },
    loaded: () => loadedModels(world),
    next: (...scripts) => void world.queued.push(...scripts),
    nextPull: (...scripts) => void world.pulls.push(...scripts),
    always: (script) => {
      world.fallback = script;
    },
    when: (match, script) => void world.rules.push({ match, script }),
    gate: () => world.runGates.hold(),
    gateLoads: () => world.loadGates.hold(),
    until: (predicate, timeoutMs = 5000) =>
      world.watchers.until(
        () => predicate(fake),
        timeoutMs,
        () =>
          `${String(predicate)} (active ${world.active}, open ${world.open}, calls ${world.calls.map(brief).join(' ')})`,
      ),
    setModels: (models) => world.catalogue.replaceAll(models),
    install: (model) => void world.catalogue.install(model),
    remove: (name) => void world.catalogue.remove(name),
    unloadAll: () => world.scheduler.unloadAll(),
    goDown: down,
    comeBack: back,
    restart: async ({ downMs = 0, version } = {}) => {
      await down();
      if (downMs > 0) await new Promise((resolve) => setTimeout(resolve, downMs));
      await back(version);
    },
    killRunner: (name) => {
      const model = name === undefined ? undefined : world.catalogue.find(name);
      if (model === 'invalid' || (name !== undefined && model === undefined)) throw new Error(`no model ${name}`);
      world.scheduler.kill(model);
    },
    instead: (match, answer) => world.detour(match, answer),
    hang: (on) => {
      if (!on) world.doorGates.releaseAll();
      else if (!world.doorGates.shut) world.doorGates.hold();
    },
    reset: () => world.reset(),
    stop: down,
  };
  return fake;
}

const brief = (call: RecordedCall): string => `#${call.id} ${call.method} ${call.path} ${call.outcome} ${call.pieces}`;
