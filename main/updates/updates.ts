// Newer releases of the app: looked for once a day, fetched, checked, and used when somebody says so. Who fetches and replaces is
// electron-updater (updater.ts); that nothing is fetched but what was signed, and what is said of it, is decided here.
import type { UpdatesView } from '../../backend/contract/window/about-commands.ts';
import { AppError } from '../../backend/contract/errors.ts';
import type { Clock, Log } from '../../backend/core/ports.ts';
import { t } from '../../words/texts.ts';
import { signedPart, type Release } from './signed-release.ts';

/** Of electron-updater what is needed. */
export interface Updater {
  /** The newest release; undefined where this copy cannot replace itself. */
  newest(): Promise<{ readonly isNewer: boolean; readonly release: Release } | undefined>;
  /** Fetches the release that was found last and checks its SHA-512. `progress` from 0 to 1. */
  fetch(progress: (share: number) => void): Promise<void>;
  /** Why it cannot be put in place, as a sentence; undefined where it can. */
  hindrance(): Promise<string | undefined>;
  /** Puts what was fetched in the place of this app and starts it. */
  install(): void;
}

export interface UpdatesOptions {
  /** Where they are asked for, and by whose key, in PEM, they are checked; undefined where nobody is asked. */
  readonly releases: { readonly publicKey: string; open(log: Log): Promise<Updater> } | undefined;
  /** app.check_updates */
  readonly isOn: () => boolean;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly log: Log;
  onChange(): void;
}

/** A feed that is silent for so long has failed. Milliseconds. */
const SILENT_MS = 120_000;
/** The first look: after what the start has to do. Milliseconds. */
const FIRST_MS = 60_000;
const EVERY_MS = 24 * 3_600_000;

export class Updates {
  readonly #options: UpdatesOptions;
  #updater: Promise<Updater> | undefined;
  #state: UpdatesView;
  #looking: Promise<void> | undefined;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    this.#state =
      options.releases === undefined ? { state: 'off', why: 'no_address' } : { state: 'none', looked_at: null };
  }

  view(): UpdatesView {
    const isIdle = this.#state.state === 'none' || this.#state.state === 'failed';
    return isIdle && !this.#options.isOn() ? { state: 'off', why: 'setting' } : this.#state;
  }

  /** Looks now and then until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    for (let wait = FIRST_MS; !signal.aborted; wait = EVERY_MS) {
      await this.#options.clock.sleep(wait, signal).catch(() => undefined);
      if (!signal.aborted && this.view().state !== 'off') await this.look();
    }
  }

  /** Looks, and fetches what is newer. Rejects with invalid_request where nobody is to be asked; how else it went is in the view. */
  look(): Promise<void> {
    const { releases } = this.#options;
    if (releases === undefined || this.view().state === 'off') {
      return Promise.reject(new AppError('invalid_request', t('updates.are_off')));
    }
    this.#looking ??= this.#look(releases).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look({ open, publicKey }: NonNullable<UpdatesOptions['releases']>): Promise<void> {
    const { log } = this.#options;
    // One that is ready stays so until a still newer one is fetched.
    const held = this.#state.state === 'ready' ? this.#state : undefined;
    const become = (state: UpdatesView): void => this.#become(held ?? state);
    become({ state: 'looking' });
    try {
      const updater = await (this.#updater ??= open(log));
      const found = await this.#unlessSilent(() => updater.newest());
      if (found === undefined) return become({ state: 'off', why: 'not_replaceable' });
      const { version } = found.release;
      if (!found.isNewer || version === held?.version) return become({ state: 'none', looked_at: this.#now() });
      const release = signedPart(found.release, publicKey);
      if (release === undefined) {
        log.error({ version }, 'a newer release is not signed with the key of this one, and was not fetched');
        return become(this.#failed(t('updates.not_signed', { version })));
      }
      this.#become({ state: 'fetching', version, share: 0 });
      await this.#unlessSilent((alive) =>
        updater.fetch((share) => {
          alive();
          this.#become({ state: 'fetching', version, share });
        }),
      );
      log.info({ version }, 'a newer release is ready');
      this.#become({ state: 'ready', version, notes: notesOf(release) });
    } catch (error) {
      log.warn({ err: error }, 'looking for a newer release failed');
      if (held === undefined || this.#state !== held) this.#become(this.#failed(sentenceOf(error, this.#state)));
    }
  }

  /**
   * Resolves with what puts the release in place, to be called once all work is done. Rejects with invalid_request where none is
   * ready, or where it cannot be put there.
   */
  async readyToInstall(): Promise<() => void> {
    const updater = await this.#updater;
    if (this.#state.state !== 'ready' || updater === undefined) {
      throw new AppError('invalid_request', t('updates.none_ready'));
    }
    const hindrance = await updater.hindrance();
    if (hindrance !== undefined) throw new AppError('invalid_request', hindrance);
    return () => updater.install();
  }

  /** What `work` comes to; rejects once nothing came for too long. It says with `alive` that something did. */
  #unlessSilent<T>(work: (alive: () => void) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let waits = new AbortController();
      const alive = (): void => {
        waits.abort();
        waits = new AbortController();
        const tooLong = (): void => reject(new Error(`Nothing came for ${SILENT_MS / 1000} s.`));
        this.#options.clock.sleep(SILENT_MS, waits.signal).then(tooLong, () => undefined);
      };
      alive();
      void work(alive)
        .then(resolve, reject)
        .finally(() => waits.abort());
    });
  }

  #failed(sentence: string): UpdatesView {
    return { state: 'failed', looked_at: this.#now(), sentence };
  }

  #become(state: UpdatesView): void {
    this.#state = state;
    this.#options.onChange();
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

/** electron-updater's codes; what has none is of the way there. */
function sentenceOf(error: unknown, state: UpdatesView): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_CHECKSUM_MISMATCH') {
    return t('updates.damaged', { version: state.state === 'fetching' ? state.version : '' });
  }
  if (state.state === 'fetching') return t('updates.not_fetched', { version: state.version });
  return t('updates.not_reached');
}

/** What is new, where the release says it as one text. */
function notesOf({ releaseNotes }: Release): string | null {
  return typeof releaseNotes === 'string' && releaseNotes.trim() !== '' ? releaseNotes.trim().slice(0, 5000) : null;
}
