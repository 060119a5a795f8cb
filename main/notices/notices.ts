// What the app has to tell: sentences with at most three buttons, docked at the window's lower edge until answered.
import type { NoticeView } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { t } from '../../words/texts.ts';

export interface Notice extends Omit<NoticeView, 'buttons'> {
  readonly buttons?: readonly {
    readonly id: string;
    readonly label: string;
    readonly plain?: boolean;
    /** The notice goes away before this runs. */
    act?(): void | Promise<void>;
  }[];
}

/** The button of a notice that has nothing else to offer. */
export const DISMISS = {
  id: 'dismiss',
  /** Said when it is shown. */
  get label(): string {
    return t('notices.dismiss');
  },
  plain: true,
};

/** Notices kept; the oldest go first, since the newest say how things are. */
const MOST = 20;

export class Notices {
  #list: readonly Notice[] = [];
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Shows a notice; one with the same id is replaced and becomes the newest. */
  add(notice: Notice): void {
    this.#list = [notice, ...this.#list.filter(({ id }) => id !== notice.id)].slice(0, MOST);
    this.#onChange();
  }

  /**
   * Shows a notice in the place of one with the same id, else behind its kind, else first: a notice that others can
   * cause at any moment must not move what is under the pointer.
   */
  queue(notice: Notice, kind: (id: string) => boolean): void {
    const own = this.#list.findIndex(({ id }) => id === notice.id);
    const last = this.#list.findLastIndex(({ id }) => kind(id));
    if (own !== -1) this.#list = this.#list.with(own, notice);
    else if (last === -1) return this.add(notice);
    else this.#list = this.#list.toSpliced(last + 1, 0, notice).slice(0, MOST);
    this.#onChange();
  }

  /** Shows a notice while there is one, and takes it away when there is none. */
  put(id: string, notice: Notice | undefined): void {
    if (notice === undefined) this.remove(id);
    else this.add(notice);
  }

  /** A warning without buttons; without a text it is taken away. */
  warn(id: string, text: string | undefined): void {
    this.put(id, text === undefined ? undefined : { id, level: 'warning', text, buttons: [DISMISS] });
  }

  /** It is no longer so. */
  remove(id: string): void {
    const rest = this.#list.filter((notice) => notice.id !== id);
    if (rest.length === this.#list.length) return;
    this.#list = rest;
    this.#onChange();
  }

  /** A button was pressed. Throws not_found when the notice or the button is gone, and what the button's work throws. */
  async answer(id: string, button: string): Promise<void> {
    const notice = this.#list.find((each) => each.id === id);
    if (notice === undefined) throw new AppError('not_found', t('notices.gone'));
    const pressed = notice.buttons?.find((each) => each.id === button);
    if (pressed === undefined) throw new AppError('not_found', t('notices.no_button'));
    this.remove(id);
    await pressed.act?.();
  }

  /** Newest first. */
  view(): NoticeView[] {
    return this.#list.map(({ buttons = [], ...rest }) => ({
      ...rest,
      buttons: buttons.map((button) => ({
        id: button.id,
        label: button.label,
        ...(button.plain === undefined ? {} : { plain: button.plain }),
      })),
    }));
  }
}
