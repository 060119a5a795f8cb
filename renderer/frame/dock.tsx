// The notices at the window's lower edge: the newest alone, the others behind "2 more", so that the view above never
// moves. It shows what main tells, what failed here, and the question whether to quit.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { NoticeView, View } from '../../backend/contract/window/desktop.ts';
import { t } from '../../words/texts.ts';
import { useAction, useCalls } from '../parts/use-calls.ts';
import { Icon, type IconName } from '../parts/parts.tsx';
import { restartCost } from '../parts/restart-cost.ts';
import { count } from '../parts/words.ts';

/** An action that failed and has no other place to say so. */
export interface Failure {
  readonly text: string;
  readonly retry?: () => void;
}

/** What one line with its buttons beside it can hold. */
const ONE_LINE = 48;

interface Press {
  readonly label: string;
  readonly plain?: boolean | undefined;
  readonly press: () => void;
  /** Takes the focus when the notice appears. */
  readonly first?: boolean;
}

interface Note {
  readonly key: string;
  readonly level: NoticeView['level'];
  readonly icon?: IconName | undefined;
  readonly text: string;
  readonly subject?: string | undefined;
  readonly more?: string | undefined;
  /** Read out at once: it answers what the user has just done. */
  readonly alert?: boolean;
  readonly buttons: readonly Press[];
}

interface DockProps {
  readonly view: View;
  readonly failures: readonly Failure[];
  readonly drop: (failure: Failure) => void;
}

export function Dock({ view, failures, drop }: DockProps): JSX.Element | null {
  const { call, report } = useCalls();
  const [open, setOpen] = useState(false);
  const { run } = useAction(report);
  const notes: Note[] = [];
  if (view.app.asks_to_quit) {
    notes.push({
      key: 'quit',
      level: 'info',
      text: t('frame.no_tray'),
      more: t('frame.quit_means'),
      alert: true,
      buttons: [
        { label: t('frame.keep_running'), press: () => run(() => call('quit', { yes: false })), first: true },
        { label: t('frame.quit'), plain: true, press: () => run(() => call('quit', { yes: true })) },
      ],
    });
  }
  for (const failure of failures) {
    const { retry } = failure;
    const again = (): void => {
      drop(failure);
      retry?.();
    };
    notes.push({
      key: `failure ${failure.text}`,
      level: 'error',
      text: failure.text,
      alert: true,
      buttons: [
        ...(retry === undefined ? [] : [{ label: t('frame.again'), press: again }]),
        { label: t('frame.hide'), plain: true, press: () => drop(failure) },
      ],
    });
  }
  for (const { id, buttons, restarts, ...rest } of view.notices) {
    const cost = restarts === true ? restartCost(view) : undefined;
    const press = (button: string) => () => run(() => call('answer_notice', { id, button }));
    notes.push({
      ...rest,
      ...(cost === undefined ? {} : { more: rest.more === undefined ? cost : `${rest.more} ${cost}` }),
      key: `notice ${id}`,
      buttons: buttons.map((button) => ({ label: button.label, plain: button.plain, press: press(button.id) })),
    });
  }
  if (notes.length === 0) return null;
  const shown = open ? notes : notes.slice(0, 1);
  const others = notes.length - 1;
  const toggle: Press = {
    label: open ? t('frame.only_newest') : t('frame.more', { n: count(others) }),
    plain: true,
    press: () => setOpen(!open),
  };
  return (
    <aside class="dock" aria-label={t('frame.notices')}>
      {shown.map((note, i) => (
        <Notice key={note.key} note={note} toggle={i === 0 && others > 0 ? toggle : undefined} />
      ))}
    </aside>
  );
}

function Notice(props: { readonly note: Note; readonly toggle: Press | undefined }): JSX.Element {
  const { note, toggle } = props;
  const { level, text, subject = '', more } = note;
  const bar = more === undefined && text.length <= ONE_LINE && note.buttons.length <= 2;
  // In one line the way to the others stands apart from the notice's own buttons, before them.
  const buttons = toggle === undefined ? note.buttons : bar ? [toggle, ...note.buttons] : [...note.buttons, toggle];
  const sentence = (
    <p>
      {subject !== '' && <strong>{subject}</strong>}
      {text.slice(subject.length)}
    </p>
  );
  return (
    <div class={`note${bar ? ' bar' : ''}${level === 'error' ? ' error' : ''}`} role={note.alert ? 'alert' : undefined}>
      <Icon name={note.icon ?? (level === 'info' ? 'info' : 'alert')} />
      {bar ? (
        sentence
      ) : (
        <div>
          {sentence}
          {more !== undefined && <p>{more}</p>}
        </div>
      )}
      {buttons.length > 0 && (
        <p class="btns">
          {buttons.map((button) => (
            <NoticeButton key={button.label} button={button} />
          ))}
        </p>
      )}
    </div>
  );
}

function NoticeButton({ button }: { readonly button: Press }): JSX.Element {
  const element = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (button.first === true) element.current?.focus();
  }, [button.first]);
  return (
    <button class={button.plain === true ? 'btn plain' : 'btn'} type="button" ref={element} onClick={button.press}>
      {button.label}
    </button>
  );
}
