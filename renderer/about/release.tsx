// Where this Hearth stands with newer releases, in one line, with the one thing to do about it; and what is new in one that is ready.
import type { JSX } from 'preact';
import type { UpdatesView } from '../../backend/contract/window/about-commands.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { moment, percent } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

interface ReleaseProps {
  readonly updates: UpdatesView;
  readonly now: number;
}

export function Release({ updates, now }: ReleaseProps): JSX.Element {
  const step = useStep(updates);
  return (
    <>
      <p class="meta">
        <span role="status">{standing(updates, now)}</span>
        {step}
      </p>
      {updates.state === 'ready' && updates.notes !== null && <p class="news">{updates.notes}</p>}
    </>
  );
}

function standing(updates: UpdatesView, now: number): string {
  switch (updates.state) {
    case 'off':
      return t(`about.off_${updates.why}`);
    case 'none':
      return updates.looked_at === null
        ? t('about.not_looked')
        : t('about.looked_at', { time: moment(Date.parse(updates.looked_at), now) });
    case 'looking':
      return t('about.looking');
    case 'fetching':
      return t('about.fetching', { version: updates.version, share: percent(updates.share) });
    case 'ready':
      return t('about.ready', { version: updates.version });
    case 'failed':
      return updates.sentence;
  }
}

/** The one thing to do; null where there is nothing but to wait. */
function useStep({ state, ...updates }: UpdatesView): JSX.Element | null {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  if (state === 'none' || state === 'failed') {
    return (
      <button class="link" type="button" aria-disabled={busy} onClick={() => run(() => call('look_for_update', {}))}>
        {t('about.look_now')}
      </button>
    );
  }
  if (state === 'ready') {
    return (
      <button class="link" type="button" aria-disabled={busy} onClick={() => run(() => call('install_update', {}))}>
        {t('about.restart_now')}
      </button>
    );
  }
  if (state !== 'off' || !('why' in updates) || updates.why !== 'setting') return null;
  return (
    <button class="link" type="button" onClick={() => go('settings', { setting: 'app.check_updates' })}>
      {t('about.change')}
    </button>
  );
}
