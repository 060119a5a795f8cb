// The tab Settings: a search, the form in groups, and what concerns all of it: clear, export, import, reset.
import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { View } from '../backend/contract/desktop.ts';
import { megabytes } from '../backend/contract/units.ts';
import { useCalls, useReportedAction } from './actions.ts';
import { Field } from './field.tsx';
import { useOpener } from './focus.ts';
import { groupsOf, type Group } from './form.ts';
import { Ask, Empty, Icon } from './parts.tsx';
import { plural, thin } from './words.ts';

interface SettingsProps {
  readonly view: View;
  /** The number of the last wish that was seen to: coming back to this tab is not the same wish again. */
  readonly seen: { current: number };
}

export function Settings({ view, seen }: SettingsProps): JSX.Element {
  const [search, setSearch] = useState('');
  const [asked, setAsked] = useState(0);
  const go = useWantedSetting(view.go, seen, () => {
    setSearch('');
    if (view.go.asks === 'clear_cache') setAsked(view.go.n);
  });
  const groups = groupsOf(search);
  return (
    <>
      <div class="tools one">
        <div class="find">
          <Icon name="search" />
          <label class="sr" for="find">
            Find a setting
          </label>
          <input
            id="find"
            type="search"
            placeholder="Find a setting"
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </div>
      </div>
      {groups.length === 0 && (
        <Empty mark="cold" title={`No setting matches “${search}”`}>
          <p class="btns">
            <button class="btn" type="button" onClick={() => setSearch('')}>
              Clear search
            </button>
          </p>
        </Empty>
      )}
      {groups.map((group) => (
        <FormGroup key={group.title} group={group} view={view} go={go} asked={asked} whole={search.trim() === ''} />
      ))}
    </>
  );
}

/** Shows the setting that a notice asked for, and gives the way to any other: it is scrolled to and has the focus. */
function useWantedSetting(
  wish: View['go'],
  seen: SettingsProps['seen'],
  clearSearch: () => void,
): (path: string) => void {
  const [wanted, setWanted] = useState<{ readonly path: string }>();
  useEffect(() => {
    if (wish.n === seen.current) return;
    seen.current = wish.n;
    clearSearch();
    if (wish.setting !== undefined) setWanted({ path: wish.setting });
  }, [wish, seen, clearSearch]);
  useEffect(() => {
    if (wanted === undefined) return;
    const field = document.querySelector(`[data-path="${CSS.escape(wanted.path)}"]`);
    field?.scrollIntoView({ block: 'center' });
    // Of a list the last thing is what adds to it.
    [...(field?.querySelectorAll<HTMLElement>('.ctl :is(input, select, textarea, button)') ?? [])].at(-1)?.focus();
  }, [wanted]);
  return (path) => {
    clearSearch();
    setWanted({ path });
  };
}

interface GroupProps {
  readonly group: Group;
  readonly view: View;
  readonly go: (path: string) => void;
  /** The wish in which it was asked to clear the cache; 0 when it was in none. */
  readonly asked: number;
  /** Nothing is searched for, so what concerns a whole group is shown too. */
  readonly whole: boolean;
}

function FormGroup({ group, view, go, asked, whole }: GroupProps): JSX.Element {
  const id = useId();
  return (
    <section class="sec group" aria-labelledby={id}>
      <h2 id={id}>{group.title}</h2>
      {group.fields.map((field) => (
        <Field key={field.path} field={field} view={view} go={go} />
      ))}
      {whole && group.title === 'Cache' && <ClearCache view={view} asked={asked} />}
      {whole && group.title === 'This app' && <WholeFile view={view} />}
    </section>
  );
}

/** The tray asks for it too: then the question stands there already. */
function ClearCache({ view, asked }: { readonly view: View; readonly asked: number }): JSX.Element | null {
  const { call } = useCalls();
  const [asking, setAsking] = useState(false);
  const opener = useOpener(asking);
  useEffect(() => setAsking(asked > 0), [asked]);
  const cache = view.live?.stats.response_cache;
  if (cache === undefined) return null;
  const { total_entries: entries, total_size_mb: mb } = cache;
  if (asking && entries > 0) {
    return (
      <Ask
        question={`Clear ${plural(entries, 'answer')}? ${entries === 1 ? 'It' : 'They'} cannot be brought back.`}
        yes="Clear"
        no="Keep"
        onYes={() => call('act', { action: 'clear', data: {} })}
        onClose={() => setAsking(false)}
      />
    );
  }
  return (
    <div class="row-act">
      <p>{entries === 0 ? 'No answer is kept' : `${plural(entries, 'answer')}, ${thin(megabytes(mb))} in memory`}</p>
      <button
        class="btn danger"
        type="button"
        ref={opener}
        aria-disabled={entries === 0}
        onClick={() => entries > 0 && setAsking(true)}
      >
        Clear…
      </button>
    </div>
  );
}

/** Export, import and reset of all settings. */
function WholeFile({ view }: { readonly view: View }): JSX.Element {
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
      const { file } = await call('export_settings', {});
      if (file !== null) setSaid(`Written to ${file}.`);
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
