// What concerns all settings at once: where they are kept, and the ways to export, import and reset them.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { View } from '../../backend/contract/desktop.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { useOpener } from '../parts/focus.ts';
import { Ask } from '../parts/parts.tsx';
import { plural } from '../parts/words.ts';

export function WholeFile({ view }: { readonly view: View }): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const [asking, setAsking] = useState(false);
  const opener = useOpener(asking);
  const [said, setSaid] = useState('');
  const importFile = (): void =>
    run(async () => {
      const { file, changed, problems } = await call('import_settings', {});
      if (file !== null) setSaid([`${plural(changed, 'setting')} changed.`, ...problems].join(' '));
    });
  const exportFile = (): void =>
    run(async () => {
      const { file, left_out: leftOut } = await call('export_settings', {});
      const secrets = leftOut.length === 0 ? '' : ` Secrets are not in it: ${leftOut.join(', ')}.`;
      if (file !== null) setSaid(`Written to ${file}.${secrets}`);
    });
  if (asking) {
    return (
      <Ask
        question="Set everything back to its default? What you have set is lost. The environment keeps its say."
        yes="Reset"
        no="Keep"
        onYes={() => call('reset_settings', {}).then(() => setSaid('All settings have their defaults.'))}
        onClose={() => setAsking(false)}
      />
    );
  }
  return (
    <>
      <div class="row-act">
        <p class="btns">
          <button class="btn" type="button" aria-disabled={busy} onClick={exportFile}>
            Export…
          </button>
          <button class="btn" type="button" aria-disabled={busy} onClick={importFile}>
            Import…
          </button>
        </p>
        <button class="btn danger" type="button" ref={opener} onClick={() => setAsking(true)}>
          Reset all…
        </button>
      </div>
      <p class="quiet" role="status">
        {said}
      </p>
      <p class="quiet">
        Kept in <code>{view.settings.file}</code>
      </p>
    </>
  );
}
