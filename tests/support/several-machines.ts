// A gateway in front of several simulated Ollamas, each called by its name: "desktop" goes first where nothing else is said.
import type { Config } from '../../backend/contract/config/config.ts';
import type { Health } from '../../backend/contract/views/control.ts';
import type { MachineView } from '../../backend/contract/views/machine-view.ts';
import { startFakeOllama, type FakeOllama, type FakeOptions } from './fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from './hearth.ts';
import { eventually } from './waiting.ts';

type Entry = Config['upstreams'][number];

/** What is said of one: how its Ollama is, and its entry in `[[upstreams]]` but for name and address. */
export interface MachineAsked extends Partial<Omit<Entry, 'name' | 'url'>> {
  readonly ollama?: FakeOptions;
  /** It is away when the gateway starts. */
  readonly away?: boolean;
}

export interface Several<Name extends string> {
  readonly hearth: Hearth;
  readonly on: Readonly<Record<Name, FakeOllama>>;
  /** As /health shows them, by name. */
  seen(): Promise<Readonly<Record<string, MachineView>>>;
  /** Resolves when /health says so of a machine. */
  until(name: Name, state: MachineView['state']): Promise<void>;
  /** A chat's answer, read to its end: its status, its body, and the machine that it came from. */
  ask(
    content: string,
    more?: object,
  ): Promise<{ status: number; upstream: string | null; body: unknown; cache: string | null }>;
  stop(): Promise<void>;
}

export async function startSeveral<Name extends string>(
  machines: Readonly<Record<Name, MachineAsked>>,
  options: Omit<HearthOptions, 'fake' | 'inFrontOf'> = {},
  /** Listed before them, and started by the test. */
  others: readonly Entry[] = [],
): Promise<Several<Name>> {
  const names = Object.keys(machines) as Name[];
  const started = await Promise.all(
    names.map(async (name) => {
      const fake = await startFakeOllama(machines[name].ollama);
      if (machines[name].away === true) await fake.goDown();
      return [name, fake] as const;
    }),
  );
  const on = Object.fromEntries(started) as Record<Name, FakeOllama>;
  const upstreams = names.map((name) => {
    const { ollama: _ollama, away: _away, ...entry } = machines[name];
    return { ...entry, name, url: on[name].url };
  });
  const present = started.find(([name]) => machines[name].away !== true) ?? started[0];
  if (present === undefined) throw new Error('no machine');
  const hearth = await startHearth({
    ...options,
    inFrontOf: present[1],
    config: { ...options.config, upstreams: [...others, ...upstreams] },
  });
  const seen = async (): Promise<Readonly<Record<string, MachineView>>> => {
    const { upstreams: all = [] } = (await (await hearth.get('/health')).json()) as Health;
    return Object.fromEntries(all.map((machine) => [machine.name, machine]));
  };
  const until = async (name: Name, state: MachineView['state']): Promise<void> => {
    // It would be seen with the next probe, which may be some seconds away.
    hearth.backend.control.lookAgain();
    await eventually(`${name} is ${state}`, async () => (await seen())[name]?.state === state);
  };
  for (const name of names) await until(name, machines[name].away === true ? 'down' : 'up');
  return {
    hearth,
    on,
    seen,
    until,
    async ask(content, more = {}) {
      const response = await hearth.chat(content, more);
      const body: unknown = await response.json();
      const { status, headers } = response;
      return { status, upstream: headers.get('x-upstream'), body, cache: headers.get('x-cache') };
    },
    async stop() {
      await hearth.stop();
      for (const [name, fake] of started) {
        await fake.stop();
        if (fake.active + fake.open > 0)
          throw new Error(`left over on ${name}: ${fake.active} runs, ${fake.open} calls`);
      }
    },
  };
}
