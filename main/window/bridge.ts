// Main's end of the wire to the window: every call checked for who sent it, parsed, answered in an envelope; every push
// throttled and sent only while the window is visible. What the commands do is in handlers.ts.
import type { z } from 'zod';
import {
  CHANNELS,
  COMMANDS,
  type Command,
  type CommandOutput,
  type Envelope,
  type Push,
  type Topic,
  type View,
} from '../../backend/contract/window/desktop.ts';
import { AppError, asAppError, toWire } from '../../backend/contract/errors.ts';
import { explain } from '../../backend/contract/chat/explain.ts';
import type { Clock, Log } from '../../backend/core/ports.ts';
import { throttle } from '../throttle.ts';

type Input<C extends Command> = z.output<(typeof COMMANDS)[C]['input']>;

/** What each command does. */
export type Handlers = {
  readonly [C in Command]: (input: Input<C>) => CommandOutput<C> | Promise<CommandOutput<C>>;
};

/** Of Electron's ipcMain, what is needed. */
export interface Ipc<Event> {
  handle(channel: string, listener: (event: Event, ...args: unknown[]) => unknown): void;
}

/**
 * Answers the calls of the window. `trusted` says whether a call came from our own page in its main frame; any other
 * sender is refused before its input is looked at.
 */
export function answerCalls<Event>(
  ipc: Ipc<Event>,
  trusted: (event: Event) => boolean,
  handlers: Handlers,
  log: Log,
): void {
  ipc.handle(CHANNELS.call, async (event, command, input): Promise<Envelope<Command>> => {
    try {
      if (!trusted(event)) throw new AppError('forbidden', 'Only the window of Hearth may ask this.');
      return { ok: true, output: await answer(handlers, command, input) };
    } catch (thrown) {
      const error = asAppError(thrown);
      if (error.code === 'internal') log.error({ command, err: error.cause }, 'a command of the window failed');
      else if (error.code === 'forbidden') log.warn({ command }, error.message);
      return { ok: false, error: toWire(error, '') };
    }
  });
}

async function answer(handlers: Handlers, command: unknown, input: unknown): Promise<CommandOutput<Command>> {
  if (typeof command !== 'string' || !Object.hasOwn(COMMANDS, command)) {
    throw new AppError('invalid_request', 'There is no such command.');
  }
  const name = command as Command;
  const parsed = COMMANDS[name].input.safeParse(input);
  if (!parsed.success) throw new AppError('invalid_request', explain(parsed.error, input));
  // The input was parsed by the schema of this very command, which the compiler cannot follow across the table.
  return await (handlers[name] as (input: unknown) => Promise<CommandOutput<Command>>)(parsed.data);
}

/** Milliseconds between two pushes: at most four a second. */
const STEP_MS = 250;

export interface PusherOptions {
  /** How each topic is now. */
  readonly read: { readonly [T in Topic]: () => View[T] };
  send(push: Push): void;
  /** Whether the window is visible. */
  visible(): boolean;
  readonly clock: Clock;
}

/** Sends changed topics to the window. It keeps no history: a window that is shown again gets everything as it is then. */
export class Pusher {
  readonly #options: PusherOptions;
  readonly #dirty = new Set<Topic>();
  readonly #flushSoon: () => void;

  constructor(options: PusherOptions) {
    this.#options = options;
    this.#flushSoon = throttle(() => this.#flush(), STEP_MS, options.clock);
  }

  /** Something of these topics changed. */
  touch(...topics: readonly Topic[]): void {
    if (!this.#options.visible()) return;
    for (const topic of topics) this.#dirty.add(topic);
    this.#flushSoon();
  }

  /** The window is shown: everything at once. */
  shown(): void {
    this.touch(...(Object.keys(this.#options.read) as Topic[]));
  }

  #flush(): void {
    const { read, send, visible } = this.#options;
    const push = Object.fromEntries([...this.#dirty].map((topic) => [topic, read[topic]()]));
    this.#dirty.clear();
    if (visible()) send(push as Push);
  }
}
