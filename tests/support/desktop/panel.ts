// The panel's side of the tray: owns org.kde.StatusNotifierWatcher on a bus, takes what registers there, reads its icon,
// tooltip and menu, and clicks entries for real (freedesktop: StatusNotifierItem; Canonical: dbusmenu). It draws nothing.
import { isDeepStrictEqual } from 'node:util';
import * as dbus from '@jellybrick/dbus-next';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const PATH = '/StatusNotifierWatcher';
const ITEM = 'org.kde.StatusNotifierItem';
const MENU = 'com.canonical.dbusmenu';
/** How long anything is waited for. Milliseconds. */
const LIMIT_MS = 15_000;

/** An entry of the menu as a panel shows it. */
export interface MenuEntry {
  readonly id: number;
  readonly label: string;
  readonly type: 'standard' | 'separator';
  readonly enabled: boolean;
  /** Undefined for what cannot be checked. */
  readonly checked: boolean | undefined;
  readonly entries: readonly MenuEntry[];
}

export interface TrayIconPicture {
  readonly width: number;
  readonly height: number;
  /** ARGB, row by row. */
  readonly pixels: Buffer;
}

/** What a panel sees of one tray. */
export interface TrayView {
  readonly tooltip: string;
  readonly icon: TrayIconPicture;
  readonly menu: readonly MenuEntry[];
}

/** The watcher's side of the bus: what trays and other programs ask of it. */
class Watcher {
  readonly items: string[] = [];
  hasHost = true;
  stopped = false;
  onItem: () => void = () => undefined;

  /** The answer to a call as signature and body; undefined for what a watcher does not have. */
  answer({ member, body }: dbus.Message): readonly [string, unknown[]] | undefined {
    switch (member) {
      case 'RegisterStatusNotifierItem':
        this.items.push(String(body[0]));
        this.onItem();
        return ['', []];
      case 'RegisterStatusNotifierHost':
        return ['', []];
      case 'Get': {
        const value = this.#properties()[String(body[1])];
        return value === undefined ? undefined : ['v', [value]];
      }
      case 'GetAll':
        return ['a{sv}', [this.#properties()]];
      default:
        return undefined;
    }
  }

  #properties(): Record<string, dbus.Variant> {
    return {
      RegisteredStatusNotifierItems: new dbus.Variant('as', this.items),
      IsStatusNotifierHostRegistered: new dbus.Variant('b', this.hasHost),
      ProtocolVersion: new dbus.Variant('i', 0),
    };
  }
}

export class TrayHost {
  readonly #bus: dbus.MessageBus;
  readonly #watcher: Watcher;
  readonly #signals = new Set<() => void>();

  private constructor(bus: dbus.MessageBus, watcher: Watcher) {
    this.#bus = bus;
    this.#watcher = watcher;
    watcher.onItem = () => this.#woken();
    bus.on('message', ({ type, interface: from }) => {
      if (type === dbus.MessageType.SIGNAL && (from === ITEM || from === MENU)) this.#woken();
    });
  }

  /** Becomes the panel of a bus, also in the place of another; `hasHost` false: a watcher without a host that draws. */
  static async start(busAddress: string, { hasHost = true } = {}): Promise<TrayHost> {
    const bus = dbus.sessionBus({ busAddress });
    const watcher = new Watcher();
    watcher.hasHost = hasHost;
    bus.addMethodHandler((message) => {
      // Calls that arrive after the end cannot be answered: the library would throw.
      if (watcher.stopped) return true;
      const answer = message.path === PATH ? watcher.answer(message) : undefined;
      if (answer !== undefined) bus.send(dbus.Message.newMethodReturn(message, answer[0], answer[1]));
      return answer !== undefined;
    });
    const host = new TrayHost(bus, watcher);
    await bus.requestName(WATCHER, dbus.NameFlag.ALLOW_REPLACEMENT | dbus.NameFlag.REPLACE_EXISTING);
    for (const from of [ITEM, MENU]) {
      await host.#call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'AddMatch', 's', [
        `type='signal',interface='${from}'`,
      ]);
    }
    return host;
  }

  stop(): void {
    this.#watcher.stopped = true;
    this.#bus.disconnect();
  }

  /** A host of the watcher comes or goes; `silently`: without a signal. */
  setHost(there: boolean, { silently = false } = {}): void {
    this.#watcher.hasHost = there;
    if (silently) return;
    const name = there ? 'StatusNotifierHostRegistered' : 'StatusNotifierHostUnregistered';
    this.#bus.send(dbus.Message.newSignal(PATH, WATCHER, name));
  }

  /** How many trays have registered so far. */
  get registered(): number {
    return this.#watcher.items.length;
  }

  /** Resolves when so many trays have registered. */
  async registration(count: number): Promise<void> {
    const deadline = Date.now() + LIMIT_MS;
    while (this.registered < count) {
      if (Date.now() > deadline) throw new Error('no tray has registered');
      await this.#nextSignal(deadline - Date.now()).come;
    }
  }

  /** What the newest tray shows, as soon as it shows what `wanted` asks for. Looks again at every signal of it. */
  async until(wanted: (view: TrayView) => boolean, what = 'the tray as wanted'): Promise<TrayView> {
    let last: TrayView | undefined;
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const signal = this.#nextSignal(Math.min(1000, deadline - Date.now()));
      last = await this.#look().catch(() => undefined);
      if (last !== undefined && wanted(last)) {
        signal.forget();
        return last;
      }
      await signal.come;
      if (Date.now() > deadline)
        throw new Error(`${what} did not come; last seen: ${JSON.stringify(last?.menu)} ${last?.tooltip}`);
    }
  }

  view(): Promise<TrayView> {
    return this.until(() => true, 'a tray');
  }

  /** Clicks the entry at a path of labels, each a beginning, as soon as it is there and can be chosen. */
  async click(...labels: readonly string[]): Promise<void> {
    const what = `an entry ${labels.join(' ▸ ')} that can be chosen`;
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const { menu } = await this.until((view) => entryAt(view.menu, labels)?.enabled === true, what);
      const { id } = entryAt(menu, labels) as MenuEntry;
      const item = this.#item();
      const event = [id, 'clicked', new dbus.Variant('s', ''), 0];
      try {
        await this.#call(item, await this.#menuPath(item), MENU, 'Event', 'isvu', event);
        return;
      } catch (error) {
        // The menu was made anew since it was read, and this id is of the one before.
        if (Date.now() > deadline) throw error;
      }
    }
  }

  #item(): string {
    const item = this.#watcher.items.at(-1);
    if (item === undefined) throw new Error('no tray has registered');
    return item;
  }

  /**
   * The app changes icon, tooltip and menu in one go, but they are read by two calls. What changed between them is read
   * again: else a view had the new menu beside the old tooltip, which no panel shows for longer than a moment.
   */
  async #look(): Promise<TrayView> {
    const item = this.#item();
    let properties = await this.#properties(item);
    let layout: Layout;
    for (;;) {
      const menu = String(properties['Menu']);
      [, layout] = (await this.#call(item, menu, MENU, 'GetLayout', 'iias', [0, -1, []])) as [number, Layout];
      const after = await this.#properties(item);
      if (isDeepStrictEqual(after, properties)) break;
      properties = after;
    }
    const [, , title, text] = properties['ToolTip'] as [string, unknown, string, string];
    const pictures = properties['IconPixmap'] as [number, number, Buffer][];
    const [width, height, pixels] = pictures.at(-1) ?? [0, 0, Buffer.alloc(0)];
    return { tooltip: title || text, icon: { width, height, pixels: Buffer.from(pixels) }, menu: entries(layout) };
  }

  async #menuPath(item: string): Promise<string> {
    return String((await this.#properties(item))['Menu']);
  }

  async #properties(item: string): Promise<Record<string, unknown>> {
    const [all] = await this.#call(item, '/StatusNotifierItem', 'org.freedesktop.DBus.Properties', 'GetAll', 's', [
      ITEM,
    ]);
    return plain(all as Record<string, dbus.Variant>);
  }

  async #call(
    to: string,
    path: string,
    from: string,
    member: string,
    signature: string,
    body: unknown[],
  ): Promise<unknown[]> {
    const message = new dbus.Message({ destination: to, path, interface: from, member, signature, body });
    return (await this.#bus.call(message))?.body ?? [];
  }

  #woken(): void {
    for (const wake of this.#signals) wake();
  }

  /** The next signal of a tray, or the end of a limit: some changes are told before they can be read. */
  #nextSignal(limitMs: number): { come: Promise<void>; forget(): void } {
    let forget = (): void => undefined;
    const come = new Promise<void>((resolve) => {
      const limit = setTimeout(() => forget(), Math.max(0, limitMs));
      forget = () => {
        clearTimeout(limit);
        this.#signals.delete(forget);
        resolve();
      };
      this.#signals.add(forget);
    });
    return { come, forget: () => forget() };
  }
}

/** The entry at a path of labels; each is the beginning of one. */
export function entryAt(menu: readonly MenuEntry[], labels: readonly string[]): MenuEntry | undefined {
  const [first, ...rest] = labels;
  const found = menu.find(({ label }) => first !== undefined && label.startsWith(first));
  return rest.length === 0 || found === undefined ? found : entryAt(found.entries, rest);
}

/** Id, properties, children. */
type Layout = [number, Record<string, dbus.Variant>, dbus.Variant<Layout>[]];

function entries([, , children]: Layout): MenuEntry[] {
  return children.map(({ value }) => {
    const [id, properties] = value;
    const { label = '', type = 'standard', enabled = true, ...more } = plain(properties);
    const state = more['toggle-type'] === 'checkmark' ? more['toggle-state'] === 1 : undefined;
    return {
      id,
      // A single underscore marks a key; a panel does not show it.
      label: String(label).replaceAll(/_(.)/g, '$1'),
      type: type === 'separator' ? 'separator' : 'standard',
      enabled: enabled === true,
      checked: state,
      entries: entries(value),
    };
  });
}

function plain(properties: Record<string, dbus.Variant>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, { value }]) => [name, value]));
}
