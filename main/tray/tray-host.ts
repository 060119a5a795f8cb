// Whether anything on this desktop shows tray icons, told at once and at each change. On Linux that is a panel behind
// org.kde.StatusNotifierWatcher on the session bus; elsewhere there always is one. Electron asks the watcher once, when an
// icon is made, and does not tell what it heard (Chromium: status_icon_linux_dbus.cc), so we listen for ourselves.
import type { EventEmitter } from 'node:events';
import { Message, MessageType, sessionBus, type MessageBus, type Variant } from '@jellybrick/dbus-next';
import { onAbort, withAny } from '../../backend/core/abort.ts';
import type { Clock } from '../../backend/core/ports.ts';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const BUS = 'org.freedesktop.DBus';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** When to look: the watcher comes or goes, a host registers with it, its property changes (freedesktop: StatusNotifierItem). */
const SIGNALS: readonly string[] = [
  `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${WATCHER}'`,
  `type='signal',interface='${WATCHER}',member='StatusNotifierHostRegistered'`,
  `type='signal',interface='${WATCHER}',member='StatusNotifierHostUnregistered'`,
  `type='signal',interface='${PROPERTIES}',member='PropertiesChanged',arg0='${WATCHER}'`,
];

/** When the bus does not answer for this long, nothing shows icons. Milliseconds. */
const ANSWER_MS = 2000;
/** Some watchers get a host without a signal: while there is none, they are asked again this often. Milliseconds. */
const AGAIN_MS = 3000;

export interface TrayHostOptions {
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  /** Ends the listening. */
  readonly signal: AbortSignal;
  /**
   * Called after the first look when a host has come or gone. True may follow true: another watcher took over, and knows
   * nothing of the icons of the one before.
   */
  onChange(there: boolean): void;
}

/** Resolves with whether a host is there now, and goes on listening. Without a bus there is none, and none will come. */
export async function watchTrayHost({ platform, clock, signal, onChange }: TrayHostOptions): Promise<boolean> {
  if (platform !== 'linux') return true;
  const bus = sessionBus();
  const desktop = new Desktop(bus, clock, signal);
  if (!(await desktop.connected())) return false;
  onAbort(signal, () => bus.disconnect());

  /** The watcher that has a host, as of the last look. */
  let seen: string | undefined;
  let looking: Promise<void> | undefined;
  let again = false;
  /** A signal only means that it is time to look: one look at a time, the last after the last signal. */
  const look = (): Promise<void> => {
    again = true;
    looking ??= lookUntilQuiet().finally(() => (looking = undefined));
    return looking;
  };
  const lookUntilQuiet = async (): Promise<void> => {
    while (again && !signal.aborted) {
      again = false;
      const before = seen;
      seen = await desktop.watcherWithHost();
      if (seen !== before && tell && !signal.aborted) onChange(seen !== undefined);
    }
  };
  let tell = false;
  await desktop.listen(SIGNALS, () => void look());
  await look();
  tell = true;
  void lookWhileNone();
  return seen !== undefined;

  async function lookWhileNone(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
      if (seen === undefined && !signal.aborted) await look();
    }
  }
}

/** The few questions that are asked over the bus. None of them rejects. */
class Desktop {
  readonly #bus: MessageBus;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(bus: MessageBus, clock: Clock, signal: AbortSignal) {
    this.#bus = bus;
    this.#clock = clock;
    this.#signal = signal;
  }

  async connected(): Promise<boolean> {
    // The library's types leave this event out.
    const events: Pick<EventEmitter, 'on' | 'once'> = this.#bus as EventEmitter;
    const connected = new Promise<boolean>((resolve) => {
      events.once('connect', () => resolve(true));
      // The listener stays: a bus that breaks later must not end the app.
      events.on('error', () => resolve(false));
    });
    return (await this.#answer(connected)) === true;
  }

  async listen(rules: readonly string[], onSignal: () => void): Promise<void> {
    this.#bus.on('message', ({ type }) => void (type === MessageType.SIGNAL && onSignal()));
    for (const rule of rules) await this.#call(BUS, '/org/freedesktop/DBus', BUS, 'AddMatch', rule);
  }

  /** The watcher's own name on the bus, when it says that a host is registered. */
  async watcherWithHost(): Promise<string | undefined> {
    const owner = await this.#call(BUS, '/org/freedesktop/DBus', BUS, 'GetNameOwner', WATCHER);
    if (typeof owner !== 'string') return undefined;
    const property = [WATCHER, 'IsStatusNotifierHostRegistered'];
    const registered = await this.#call(owner, '/StatusNotifierWatcher', PROPERTIES, 'Get', ...property);
    return (registered as Variant | undefined)?.value === true ? owner : undefined;
  }

  /** The first value of the answer; undefined for an error, or for none in time. All that is sent are texts. */
  async #call(to: string, path: string, from: string, member: string, ...body: readonly string[]): Promise<unknown> {
    const message = {
      destination: to,
      path,
      interface: from,
      member,
      signature: 's'.repeat(body.length),
      body: [...body],
    };
    return (await this.#answer(this.#bus.call(new Message(message)).catch(() => null)))?.body[0];
  }

  async #answer<T>(coming: Promise<T>): Promise<T | undefined> {
    const come = new AbortController();
    const late = withAny([this.#signal, come.signal], (signal) => this.#clock.sleep(ANSWER_MS, signal)).then(
      () => undefined,
      () => undefined,
    );
    const first = await Promise.race([coming, late]);
    come.abort();
    return first;
  }
}
