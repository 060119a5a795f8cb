// The tab Settings: a search, and the form in groups by how often they are needed, the last one folded.
import type { JSX } from 'preact';
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import { AboutRow } from './about-row.tsx';
import { ClearCache } from './clear-cache.tsx';
import type { FieldProps, Wanted } from './control-props.ts';
import { whereToLook } from './elsewhere.ts';
import { Field } from './field.tsx';
import { Icon } from '../parts/parts.tsx';
import { allGroups, changedIn, foundGroups, groupId, toCorrect, wordsOf, type Group } from './settings-groups.ts';
import { SettingsRail } from './settings-rail.tsx';
import { useOpens, type Opens } from './use-opens.ts';
import { WholeFile } from './whole-file.tsx';
import type { Wish } from '../parts/use-calls.ts';
import { t } from '../../words/texts.ts';

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
  const [wrong, onWrong] = useWrong(view.settings);
  const searching = search.trim() !== '';
  const groups = searching ? foundGroups(search) : allGroups();
  const found = groups.reduce((sum, { fields }) => sum + fields.length, 0);
  return (
    <div class="cols rails">
      <Search search={search} setSearch={setSearch} />
      <SettingsRail groups={groups} wrong={wrong} />
      <div>
        {searching && (
          <p class={found === 0 ? 'sr' : 'sum'} role="status">
            {t('settings.matches', { n: found, search: search.trim() })}
          </p>
        )}
        {found === 0 && (
          <div class="empty nores">
            <p>{t('settings.no_match', { search: search.trim() })}</p>
            <p>{whereToLook(wordsOf(search))}</p>
            <p class="btns">
              <button class="btn" type="button" onClick={() => setSearch('')}>
                {t('settings.clear_search')}
              </button>
            </p>
          </div>
        )}
        {groups.map((group) => (
          <FormGroup
            key={group.name}
            group={group}
            view={view}
            words={wordsOf(search)}
            wanted={wanted}
            go={go}
            wrong={wrong}
            onWrong={onWrong}
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
          {t('settings.find')}
        </label>
        <input
          id="find"
          ref={input}
          type="search"
          placeholder={t('settings.find')}
          value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          onKeyDown={({ key }) => key === 'Escape' && setSearch('')}
        />
        {search !== '' && (
          <button
            class="btn icon"
            type="button"
            aria-label={t('settings.clear_the_search')}
            title={t('settings.clear')}
            onClick={clear}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}

/** The settings with a value that is not allowed, in the file or typed here, by their dotted paths; and how to tell of one. */
function useWrong({ problems }: View['settings']): readonly [ReadonlySet<string>, FieldProps['onWrong']] {
  const [typed, setTyped] = useState<ReadonlySet<string>>(new Set());
  const onWrong = useCallback<FieldProps['onWrong']>((path, isWrong) => {
    setTyped((before) => {
      if (before.has(path) === isWrong) return before;
      return new Set(isWrong ? [...before, path] : [...before].filter((each) => each !== path));
    });
  }, []);
  const wrong = useMemo(() => new Set([...typed, ...Object.keys(problems)]), [typed, problems]);
  return [wrong, onWrong];
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

interface GroupProps extends Omit<FieldProps, 'field'> {
  readonly group: Group;
  /** The settings with a value that is not allowed, by their dotted paths. */
  readonly wrong: ReadonlySet<string>;
  /** The number of the wish that asks to clear the cache; 0 when there is none. */
  readonly asked: number;
}

function FormGroup({ group, wrong, asked, ...rest }: GroupProps): JSX.Element {
  const { view, words, wanted } = rest;
  const id = useId();
  // While something is searched, what concerns a whole group is left out.
  const whole = words.length === 0;
  const fields = group.fields.map((field) => <Field key={field.path} field={field} {...rest} />);
  const has = (path: string): boolean => group.fields.some((field) => field.path === path);
  const times = toCorrect(group, wrong);
  return (
    <section class="sec group" id={groupId(group)} aria-labelledby={id}>
      <h2 id={id}>{t(`settings.groups.${group.name}`)}</h2>
      {group.folded === true && whole ? (
        <Fold
          says={t('settings.fold', { n: group.fields.length, changed: changedIn(group, view.settings), wrong: times })}
          opens={wanted !== undefined && has(wanted.path) ? wanted : times > 0}
        >
          {fields}
        </Fold>
      ) : (
        fields
      )}
      {whole && group.end === 'clear_cache' && <ClearCache view={view} asked={asked} />}
      {whole && group.end === 'whole_file' && <WholeFile view={view} />}
      {whole && has('app.notifications') && <AboutRow version={view.app.version} />}
    </section>
  );
}

interface FoldProps {
  /** What is in it, in words. */
  readonly says: string;
  readonly opens: Opens;
  readonly children: JSX.Element[];
}

/** The seldom needed settings. Made only when they are looked at: there are many of them. */
function Fold({ says, opens, children }: FoldProps): JSX.Element {
  const [shown, setShown] = useOpens(opens);
  return (
    <details class="fold" open={shown} onToggle={({ currentTarget }) => setShown(currentTarget.open)}>
      <summary>{says}</summary>
      {shown && children}
    </details>
  );
}
