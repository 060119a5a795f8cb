// From the state of the gateway to what tells of it: the tray, notifications, notices. What the state is, is decided in
// contract/views/app-state.ts; here it is looked at when something has changed, and when time alone may have changed it.
import { stateOf } from '../backend/contract/views/app-state.ts';
import type { View } from '../backend/contract/window/desktop.ts';
import type { Clock } from '../backend/core/ports.ts';
import type { Notices } from './notices/notices.ts';
import { offerPins } from './notices/pin-notices.ts';
import type { PutOffs } from './notices/put-offs.ts';
import { watchNotices } from './notices/recent-notices.ts';
import { tellOfGateway } from './notices/settings-notices.ts';
import { StateNotifications } from './notices/state-notifications.ts';
import type { Settings } from './settings/settings.ts';
import type { Shell } from './shell.ts';
import { running, type Supervisor } from './gateway/supervisor.ts';
import { throttle } from './throttle.ts';
import { TrayView } from './tray/tray-view.ts';
import type { Pusher } from './window/bridge.ts';

/** Milliseconds between two pushes of figures that grow by themselves, while the window is visible. */
const TICK_MS = 1000;
const TRAY_STEP_MS = 300;

export interface StateWatchParts extends Pick<Shell, 'showTray' | 'memory'> {
  readonly supervisor: Supervisor;
  readonly settings: Settings;
  readonly notices: Notices;
  readonly putOffs: PutOffs;
  readonly views: { readonly [T in 'gateway' | 'live' | 'recent_notices']: () => View[T] };
  readonly host: { readonly visible: boolean };
  readonly pusher: Pick<Pusher, 'touch'>;
  readonly clock: Clock;
  /** Ends the looking. */
  readonly signal: AbortSignal;
  /** Says something outside the window. */
  notify(title: string, body: string): void;
  /** Shows the page "Where prompts part". */
  showPrompts(): void;
  /** Called at each look while Ollama is down. */
  ollamaIsDown(): void;
}

/** Looks once a second, and whenever `look` is called: at most each 300 ms, and always after the last call. */
export function watchState(parts: StateWatchParts): { look(): void; did(): void } {
  const { supervisor, settings, notices, views, host, pusher, clock, signal, notify, ollamaIsDown } = parts;
  const tellGateway = tellOfGateway(supervisor, notices);
  const notifications = new StateNotifications(clock, (said) => host.visible || notify(said.title, said.body));
  const lookAtPins = offerPins({
    ...parts,
    told: views.recent_notices,
    partings: () => running(supervisor).requests.partings(),
    show: parts.showPrompts,
    now: clock.now,
  });
  const lookAtNotices = watchNotices(views.recent_notices, () => pusher.touch('recent_notices'));
  const tray = new TrayView({ ...parts, notices: views.recent_notices });
  const look = throttle(
    () => {
      const { max_queue_size: places } = settings.config.queue;
      const { stuck_after_seconds: stuckAfterS } = settings.config.ollama;
      const shown = { gateway: views.gateway(), live: views.live(), places, stuckAfterS };
      const state = stateOf(shown, clock.now());
      lookAtNotices();
      lookAtPins();
      tray.show(shown, clock.now());
      notifications.step(state);
      tellGateway();
      if (state.is === 'ollama_down') ollamaIsDown();
    },
    TRAY_STEP_MS,
    clock,
  );
  void tick();
  return { look, did: () => notifications.did() };

  /** Ages and waits go on by themselves. */
  async function tick(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal).catch(() => undefined);
      pusher.touch('live');
      // Some states come about by waiting alone, and the tray must say what the window says.
      if (host.visible || tray.isDue(clock.now())) look();
    }
  }
}
