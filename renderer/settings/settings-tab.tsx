// The tab Settings: a search, and the form in groups by how often they are needed, the last one folded.
import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/desktop.ts';
import { ClearCache } from './clear-cache.tsx';
import { Field } from './field.tsx';
import { Empty, Icon } from '../parts/parts.tsx';
import { allGroups, foundGroups, groupId, toCorrect, wordsOf, type Group } from './settings-groups.ts';
import { SettingsRail } from './settings-rail.tsx';
import { WholeFile } from './whole-file.tsx';
import type { Wish } from '../parts/use-calls.ts';
import { plural } from '../parts/words.ts';

interface SettingsProps {
  readonly view: View;
  readonly wish: Wish;
  /** The number of the last wish that was followed, so that coming back to this tab does not repeat it. */
  readonly seen: { current: number };
}

export function Settings({ view, wish, seen }: SettingsProps): JSX.Element {
  const [search, setSearch] = useState('');
  const [asked, setAsked] = useState(0);
  const [wanted, go] = useWantedSetting(wish, seen, () => {
    setSearch('');
    if (wish.asks === 'clear_cache') setAsked(wish.n);
  });
  const searching = search.trim() !== '';
  const groups = searching ? foundGroups(search) : allGroups();
  const found = groups.reduce((sum, { fields }) => sum + fields.length, 0);
  return (
    <div class="cols rails">
      <Search search={search} setSearch={setSearch} />
      <SettingsRail groups={groups} settings={view.settings} />
      <div>
        {searching && (
          <p class={found === 0 ? 'sr' : 'sum'} role="status">
            {plural(found, 'setting')} {found === 1 ? 'matches' : 'match'} “{search.trim()}”
          </p>
        )}
        {found === 0 && (
          <Empty mark="cold" title={`No setting matches “${search.trim()}”`}>
            <p>How much of a model fits the GPU is shown in Models. Ollama decides it.</p>
            <p class="btns">
              <button class="btn" type="button" onClick={() => setSearch('')}>
                Clear search
              </button>
            </p>
          </Empty>
        )}
        {groups.map((group) => (
          <FormGroup
            key={group.title}
            group={group}
            view={view}
            words={wordsOf(search)}
            wanted={wanted}
            go={go}
            asked={asked}
          />
        ))}
      </div>
    </div>
  );
}

interface SearchProps {
  readonly search: string;
  readonly setSearch: (text: string) => void;
}

function Search({ search, setSearch }: SearchProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const clear = (): void => {
    setSearch('');
    input.current?.focus();
  };
  return (
    <div class="tools one">
      <div class="find">
        <Icon name="search" />
        <label class="sr" for="find">
          Find a setting
        </label>
        <input
          id="find"
          ref={input}
          type="search"
          placeholder="Find a setting"
          value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          onKeyDown={({ key }) => key === 'Escape' && setSearch('')}
        />
        {search !== '' && (
          <button class="btn icon" type="button" aria-label="Clear the search" title="Clear" onClick={clear}>
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}

interface Wanted {
  readonly path: string;
}

/** Shows the setting that a notice asked for, and gives the way to any other: it is scrolled to and has the focus. */
function useWantedSetting(
  wish: Wish,
  seen: SettingsProps['seen'],
  clearSearch: () => void,
): readonly [Wanted | undefined, (path: string) => void] {
  const [wanted, setWanted] = useState<Wanted>();
  useEffect(() => {
    if (wish.n === seen.current) return;
    seen.current = wish.n;
    clearSearch();
    if (wish.setting !== undefined) setWanted({ path: wish.setting });
  }, [wish, seen, clearSearch]);
  useEffect(() => {
    if (wanted === undefined) return;
    const field = document.querySelector<HTMLElement>(`[data-path="${CSS.escape(wanted.path)}"]`);
    if (field === null) return;
    field.scrollIntoView({ block: 'center' });
    // In a list the last control is the one that adds to it.
    const control = [...field.querySelectorAll<HTMLElement>('.ctl :is(input, select, textarea, button)')].at(-1);
    // Rules that can only be read have none.
    if (control === undefined) field.tabIndex = -1;
    (control ?? field).focus();
  }, [wanted]);
  const go = (path: string): void => {
    clearSearch();
    setWanted({ path });
  };
  return [wanted, go];
}

interface GroupProps {
  readonly group: Group;
  readonly view: View;
  /** What is searched for; empty when nothing is, and then what concerns a whole group is shown too. */
  readonly words: readonly string[];
  readonly wanted: Wanted | undefined;
  readonly go: (path: string) => void;
  /** The number of the wish that asks to clear the cache; 0 when there is none. */
  readonly asked: number;
}

function FormGroup({ group, view, words, wanted, go, asked }: GroupProps): JSX.Element {
  const id = useId();
  const whole = words.length === 0;
  const fields = group.fields.map((field) => (
    <Field key={field.path} field={field} view={view} words={words} go={go} />
  ));
  const has = (path: string): boolean => group.fields.some((field) => field.path === path);
  const wrong = toCorrect(group, view.settings);
  return (
    <section class="sec group" id={groupId(group)} aria-labelledby={id}>
      <h2 id={id}>{group.title}</h2>
      {group.folded === true && whole ? (
        <Fold
          count={group.fields.length}
          wrong={wrong}
          opens={wanted !== undefined && has(wanted.path) ? wanted : wrong > 0}
        >
          {fields}
        </Fold>
      ) : (
        fields
      )}
      {whole && group.end === 'clear_cache' && <ClearCache view={view} asked={asked} />}
      {whole && group.end === 'whole_file' && <WholeFile view={view} />}
    </section>
  );
}

interface FoldProps {
  readonly count: number;
  /** How many of them are to be corrected. */
  readonly wrong: number;
  /** Why it is to be open: the wish for one of them, or that one is wrong. Another reason opens it again. */
  readonly opens: Wanted | boolean;
  readonly children: JSX.Element[];
}

/** The seldom needed settings. Made only when they are looked at: there are many of them. */
function Fold({ count, wrong, opens, children }: FoldProps): JSX.Element {
  const [shown, setShown] = useState(opens !== false);
  const [before, setBefore] = useState(opens);
  // During this render: the caller scrolls to the setting right after it.
  if (opens !== before) {
    setBefore(opens);
    if (opens !== false) setShown(true);
  }
  const words = plural(count, 'setting');
  return (
    <details class="fold" open={shown} onToggle={({ currentTarget }) => setShown(currentTarget.open)}>
      <summary>{wrong === 0 ? words : `${words}, ${wrong} to correct`}</summary>
      {shown && children}
    </details>
  );
}
