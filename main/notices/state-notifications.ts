// Notices and notifications that follow from changes of state: Ollama going away and coming back, an answer that hangs, the gateway failing.
// It compares what was with what is and says each thing once; figures never make a notification.
import { lookOf, type AppState } from '../../backend/contract/views/app-state.ts';
import { downWords } from '../../words/ollama-words.ts';
import { t } from '../../words/texts.ts';
import type { Clock } from '../../backend/core/ports.ts';

/** Something worth saying outside the window. */
export interface Said {
  readonly title: string;
  readonly body: string;
}

/** Between two notifications of the same state. Milliseconds. */
const CALM_MS = 5 * 60_000;
/** What happens so soon after the user did something follows from it. Milliseconds. */
const FOLLOWS_MS = 10_000;

/**
 * Says changes of state, each state at most once in some minutes: of an Ollama that comes and goes, people hear that it went and
 * that it came back, and after some minutes how it is by then. Nothing is said of what the user did himself.
 */
export class StateNotifications {
  readonly #clock: Pick<Clock, 'elapsed' | 'after'>;
  readonly #say: (said: Said) => void;
  /** What people know. */
  #known: AppState = { is: 'starting' };
  /** By title. */
  readonly #saidAt = new Map<string, number>();
  #ownUntil = -Infinity;
  #cancel: () => void = () => undefined;

  constructor(clock: Pick<Clock, 'elapsed' | 'after'>, say: (said: Said) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** The user has just done something. */
  did(): void {
    this.#ownUntil = this.#clock.elapsed() + FOLLOWS_MS;
  }

  /** How things are; call it at each change. */
  step(now: AppState): void {
    this.#cancel();
    const at = this.#clock.elapsed();
    const said = at < this.#ownUntil ? undefined : worthSaying(this.#known, now);
    const calm = said === undefined ? 0 : (this.#saidAt.get(said.title) ?? -Infinity) + CALM_MS - at;
    if (calm > 0) {
      this.#cancel = this.#clock.after(calm, () => this.step(now));
      return;
    }
    this.#known = now;
    if (said === undefined) return;
    for (const [title, then] of this.#saidAt) if (then + CALM_MS <= at) this.#saidAt.delete(title);
    this.#saidAt.set(said.title, at);
    this.#say(said);
  }
}

const holderOf = ({ hearth, ollama }: { readonly hearth: boolean; readonly ollama?: boolean | undefined }): string =>
  hearth ? 'hearth' : ollama === true ? 'ollama' : 'other';

/** What to say of the step from one state to the next; undefined when it is nothing new. */
export function worthSaying(before: AppState, now: AppState): Said | undefined {
  if (now.is === 'failed')
    return before.is === 'failed' && before.failure.kind === now.failure.kind ? undefined : failed(now);
  if (now.is === 'ollama_down' && isUp(before)) {
    const title = downWords(now.upstream);
    return { title, body: t('notices.down_more') };
  }
  if (now.is === 'stuck' && before.is !== 'stuck') {
    return { title: t('notices.stuck'), body: t('notices.stuck_more') };
  }
  if (before.is === 'ollama_down' && isUp(now)) return { title: t('notices.back'), body: t('notices.back_more') };
  return undefined;
}

function failed({ failure }: AppState & { is: 'failed' }): Said {
  switch (failure.kind) {
    case 'port_taken':
      return {
        title: t('notices.port_taken', { port: failure.port }),
        body: t('notices.port_taken_by', { holder: holderOf(failure.holder) }),
      };
    case 'crashed':
      return { title: t('notices.restarts'), body: failure.sentence };
    case 'other':
      return { title: t('notices.not_started'), body: failure.sentence };
  }
}

/** Whether Ollama can be used. */
function isUp(state: AppState): boolean {
  return lookOf(state) !== 'stopped' && state.is !== 'looking' && state.is !== 'ollama_down';
}
