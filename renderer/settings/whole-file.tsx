// What concerns all settings at once: where they are kept, and the ways to export, import and reset them.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import { useAction, useCalls } from '../parts/use-calls.ts';
import { useOpener } from '../parts/focus.ts';
import { Ask, Problem } from '../parts/parts.tsx';
import { pieces, t } from '../../words/texts.ts';

export function WholeFile({ view }: { readonly view: View }): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const [asking, setAsking] = useState(false);
  const opener = useOpener(asking);
  const [said, setSaid] = useState<string>();
  const start: typeof run = (what) => {
    setSaid(undefined);
    run(what);
  };
  const importFile = (): void =>
    start(async () => {
      const { file, changed, problems } = await call('import_settings', {});
      if (file !== null) setSaid([t('settings.file.changed', { n: changed }), ...problems].join(' '));
    });
  const exportFile = (): void =>
    start(async () => {
      const { file, left_out: leftOut } = await call('export_settings', {});
      if (file === null) return;
      const secrets = leftOut.length === 0 ? [] : [t('settings.file.secrets', { titles: leftOut.join(', ') })];
      setSaid([t('settings.file.written', { file }), ...secrets].join(' '));
    });
  if (asking) {
    return (
      <Ask
        question={t('settings.file.reset_question')}
        yes={t('settings.file.reset_yes')}
        no={t('settings.file.reset_no')}
        onYes={() => call('reset_settings', {}).then(() => setSaid(t('settings.file.reset_done')))}
        onClose={() => setAsking(false)}
      />
    );
  }
  return (
    <>
      <div class="row-act">
        <p class="btns">
          <button class="btn" type="button" aria-disabled={busy} onClick={exportFile}>
            {t('settings.file.export')}
          </button>
          <button class="btn" type="button" aria-disabled={busy} onClick={importFile}>
            {t('settings.file.import')}
          </button>
        </p>
        <button class="btn danger" type="button" ref={opener} onClick={() => setAsking(true)}>
          {t('settings.file.reset')}
        </button>
      </div>
      <Problem text={problem} />
      <p class="quiet" role="status">
        {said}
      </p>
      <p class="quiet">{pieces('settings.file.kept_in', { file: <code>{view.settings.file}</code> })}</p>
    </>
  );
}
