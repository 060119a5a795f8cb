// The desktop's side of notifications: owns org.freedesktop.Notifications on a bus and writes down what it is asked to show
// (freedesktop: Desktop Notifications Specification). It draws nothing.
import * as dbus from '@jellybrick/dbus-next';
import { eventually } from '../waiting.ts';

const NAME = 'org.freedesktop.Notifications';
const PATH = '/org/freedesktop/Notifications';

export class NotificationDaemon {
  readonly #bus: dbus.MessageBus;
  #stopped = false;
  /** Of all that were shown, the oldest first. */
  readonly titles: string[] = [];

  private constructor(bus: dbus.MessageBus) {
    this.#bus = bus;
    bus.addMethodHandler((message) => {
      // Calls that arrive after the end cannot be answered: the library would throw.
      if (this.#stopped) return true;
      const answer = message.path === PATH ? this.#answer(message) : undefined;
      if (answer !== undefined) bus.send(dbus.Message.newMethodReturn(message, answer[0], answer[1]));
      return answer !== undefined;
    });
  }

  /** Becomes the daemon of a bus. */
  static async start(busAddress: string): Promise<NotificationDaemon> {
    const bus = dbus.sessionBus({ busAddress });
    const daemon = new NotificationDaemon(bus);
    await bus.requestName(NAME, dbus.NameFlag.DO_NOT_QUEUE);
    return daemon;
  }

  /** Resolves when one with this title was shown. */
  async until(title: string): Promise<void> {
    await eventually(`a notification “${title}”`, () => this.titles.includes(title));
  }

  stop(): void {
    this.#stopped = true;
    this.#bus.disconnect();
  }

  /** Signature and body; undefined for what a daemon does not have. */
  #answer({ member, body }: dbus.Message): readonly [string, unknown[]] | undefined {
    switch (member) {
      case 'GetServerInformation':
        return ['ssss', ['daemon of the tests', 'Hearth', '1', '1.2']];
      case 'GetCapabilities':
        return ['as', [['body']]];
      case 'Notify':
        // app_name, replaces_id, app_icon, summary, body, …
        this.titles.push(String(body[3]));
        return ['u', [this.titles.length]];
      case 'CloseNotification':
        return ['', []];
      default:
        return undefined;
    }
  }
}
