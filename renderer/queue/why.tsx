// Why the line stands as it does: what the classes are for. Open on the first visit, folded from then on.
import type { JSX } from 'preact';
import { Fragment } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { QUEUE_CLASSES, type QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';
import { useCalls } from '../parts/use-calls.ts';
import { roughly } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

/** In the window's own storage, once the explanation has been seen. */
const SEEN = 'queue-order-seen';

export function Why({ view }: { readonly view: View }): JSX.Element {
  const { go } = useCalls();
  const [wasSeen] = useState(() => localStorage.getItem(SEEN) !== null);
  useEffect(() => localStorage.setItem(SEEN, 'yes'), []);
  const aging = view.settings.values['queue.aging_ms'];
  return (
    <section class="sec">
      <details class="fold" open={!wasSeen}>
        <summary>{t('queue.why')}</summary>
        <dl class="facts kept">
          {QUEUE_CLASSES.map((name) => (
            <Fragment key={name}>
              <dt>{CLASS_WORDS[name]}</dt>
              <dd>{t(FOR[name])}</dd>
            </Fragment>
          ))}
        </dl>
        <p class="quiet">
          {typeof aging === 'number' && `${t('queue.aging', { time: roughly(aging) })} `}
          <button class="link" type="button" onClick={() => go('settings', { setting: 'queue.rules' })}>
            {t('queue.change_class')}
          </button>
        </p>
      </details>
    </section>
  );
}

/** Whom each class is for. */
const FOR = {
  interactive: 'queue.for_people',
  normal: 'queue.for_apps',
  background: 'queue.for_background',
} as const satisfies Readonly<Record<QueueClass, string>>;
