// Creates the machines: the one at ollama.api_url, or those of `[[upstreams]]`. Created by backend.ts alone.
import { placesOf } from './contract/rules/upstream-list.ts';
import type { Log, PutNotice, UpstreamState } from './core/ports.ts';
import { nameOf } from './core/stories/machines/machine.ts';
import { Machines } from './core/stories/machines/machine-choice.ts';
import { ollamaNotice } from './core/stories/models/ollama-notice.ts';
import { Warmer } from './core/stories/models/warmer.ts';
import { openMachine, type MachineOptions, type OpenedMachine } from './open-machine.ts';

export interface MachinesOptions extends Omit<MachineOptions, 'place' | 'onLook' | 'onWaking'> {
  readonly log: Log;
  readonly put: PutNotice;
  /** Called when the state of one of them changed. */
  onLook(): void;
}

export interface OpenedMachines {
  readonly machines: Machines;
  /** Starts to probe them. */
  start(): void;
  /** Checks which models must be kept warm. */
  beat(): void;
  /** Probes now: after a change of the configuration, or when a user asks. */
  lookAgain(): void;
  /** This machine woke up. */
  woke(): void;
  /** Stops probing; resolves when no probe is in progress. */
  stop(): Promise<void>;
  /** Breaks all connections. */
  close(): Promise<void>;
}

export function openMachines(options: MachinesOptions): OpenedMachines {
  const { config, life, log, put, onLook } = options;
  const open = (place: MachineOptions['place']): OpenedMachine => {
    const machine: OpenedMachine = openMachine({
      ...options,
      log: place === undefined ? log : named(log, place.name),
      place,
      onLook: (state) => looked(machine, state),
      onWaking: () => {
        machine.queue.recheck();
        machines.lookForOthers();
        onLook();
      },
    });
    return machine;
  };
  const [first = open(undefined), ...others] = placesOf(config().upstreams).map(open);
  const opened = [first, ...others] as const;
  const machines = new Machines(opened);
  const warmers = new Map(
    opened.map((machine) => {
      const keeps = (model: string): boolean => machines.only !== undefined || machines.warmsOn(machine, model);
      return [machine, new Warmer({ ...machine, log, put, keeps })];
    }),
  );

  function looked(machine: OpenedMachine, state: UpstreamState): void {
    machines.looked(machine);
    const isSilent = config().cache.mode === 'replay';
    put(`ollama ${nameOf(machine)}`.trim(), isSilent ? undefined : ollamaNotice(state, machine.place));
    void machine.modelfiles.learn(state.loaded, life).catch(() => undefined);
    onLook();
    machine.queue.recheck();
    warmers.get(machine)?.check(life);
  }

  const each = (act: (machine: OpenedMachine) => unknown): void => {
    for (const machine of opened) act(machine);
  };
  return {
    machines,
    start: () => each(({ watch }) => watch.start()),
    beat: () => each((machine) => warmers.get(machine)?.check(life)),
    lookAgain: () => each(({ watch }) => void watch.reconfigured()),
    woke: () => each(({ watch }) => watch.woke()),
    stop: async () => void (await Promise.all(opened.map(({ watch }) => watch.stop()))),
    close: async () => void (await Promise.all(opened.map((machine) => machine.close()))),
  };
}

/** A log whose lines carry the machine's name. */
function named(log: Log, upstream: string): Log {
  return {
    debug: (fields, message) => log.debug({ upstream, ...fields }, message),
    info: (fields, message) => log.info({ upstream, ...fields }, message),
    warn: (fields, message) => log.warn({ upstream, ...fields }, message),
    error: (fields, message) => log.error({ upstream, ...fields }, message),
  };
}
