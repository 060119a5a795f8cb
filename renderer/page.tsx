// The window: header, tabs, the view of one tab or of a page behind it, and the notices at the lower edge. It holds which of
// them is open and the picture that is painted; what a view shows is in the view's file.
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../words/texts.ts';
import type { Bridge, View } from '../backend/contract/window/desktop.ts';
import { Calls, TABS, type TabName, type ViewCalls, type Wish } from './parts/use-calls.ts';
import { caller, sentenceOf } from './state/client.ts';
import { AboutPage } from './about/about-page.tsx';
import { Connect } from './connect/connect-page.tsx';
import { Behind } from './frame/behind.tsx';
import { Dock, type Failure } from './frame/dock.tsx';
import { FirstRun } from './frame/first-run.tsx';
import { useKeptFocus } from './parts/focus.ts';
import { Header } from './frame/header.tsx';
import { Models } from './models/models-tab.tsx';
import { Overview } from './overview/overview-tab.tsx';
import type { PageName, Place } from './parts/pages.ts';
import { Empty } from './parts/parts.tsx';
import { PromptsPage } from './prompts/prompts-page.tsx';
import { Queue } from './queue/queue-tab.tsx';
import { FIRST_PLACE, Requests } from './requests/requests-tab.tsx';
import { Settings } from './settings/settings-tab.tsx';
import { speak } from './parts/speak.ts';
import { headerOf, type HeaderView } from './parts/status.ts';
import { useSame } from './parts/use-same.ts';
import { Store, type Picture } from './state/store.ts';
import { Tabs, titleOf } from './frame/tabs.tsx';
import { UNUSED } from './try/try-it.tsx';

/** Until then the page stays empty: that looks faster than a word about loading. */
const SKELETON_AFTER_MS = 300;

const everySecond = (tick: () => void): (() => void) => {
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
};

export function App({ bridge }: { readonly bridge: Bridge }): JSX.Element {
  const [picture, setPicture] = useState<Picture>();
  const store = useMemo(() => new Store({ now: Date.now, everySecond }, setPicture), []);
  const call = useMemo(() => {
    const settled = (settings: View['settings']): void => store.push({ settings });
    return caller(bridge, settled, () => store.hurry());
  }, [bridge, store]);
  const [broken, setBroken] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  const [{ tab, page }, setPlace] = useState<Place>({ tab: 'overview' });
  const [wish, setWish] = useState<Wish>({ tab: 'overview', n: 0 });
  const [failures, setFailures] = useState<readonly Failure[]>([]);
  const left = useRef<PageName>(undefined);
  const select = useMemo(() => (tab: TabName) => setPlace({ tab }), []);
  const calls = useMemo((): ViewCalls => {
    const report: ViewCalls['report'] = (error, retry) => {
      const text = sentenceOf(error);
      // The same failure again replaces the one that is shown.
      const failure: Failure = { text, ...(retry === undefined ? {} : { retry }) };
      setFailures((list) => [failure, ...list.filter((f) => f.text !== text)].slice(0, 5));
      return () => setFailures((list) => list.filter((each) => each !== failure));
    };
    const go: ViewCalls['go'] = (tab, what = {}) => {
      setPlace({ tab, page: what.page });
      setWish(({ n }) => ({ tab, ...what, n: n + 1 }));
    };
    return { call, report, go, left };
  }, [call]);

  useEffect(() => {
    const stopListening = bridge.onPush((push) => store.push(push));
    call('view', {}).then(
      (view) => store.begin(view),
      (error: unknown) => setBroken(sentenceOf(error)),
    );
    return () => {
      stopListening();
      store.end();
    };
  }, [bridge, call, store, attempt]);

  const seenWish = useRef(0);
  const requestsPlace = useRef(FIRST_PLACE);
  const [typed, setTyped] = useState(UNUSED);
  const tryPlace = { place: typed, setPlace: setTyped };
  useWishes(picture, calls.go);
  useTabKeys(select);
  useKeptFocus();

  if (picture === undefined) {
    if (broken === undefined) return <Skeleton />;
    const again = (): void => {
      setBroken(undefined);
      setAttempt((n) => n + 1);
    };
    return (
      <main class="app">
        <Empty mark="stopped" title={t('frame.broken')}>
          <p role="alert">{broken}</p>
          <p class="btns">
            <button class="btn primary" type="button" onClick={again}>
              {t('frame.again')}
            </button>
          </p>
        </Empty>
      </main>
    );
  }

  const { view, now } = picture;
  speak(view.app.language);
  const drop = (failure: Failure): void => setFailures((list) => list.filter((each) => each !== failure));
  const dock = <Dock view={view} failures={failures} drop={drop} />;
  if (view.app.first_run) {
    return (
      <Calls.Provider value={calls}>
        <div class="app" data-state="idle" key={view.app.language}>
          <FirstRun view={view} />
          {dock}
        </div>
      </Calls.Provider>
    );
  }
  const header = headerOf(view, now);
  return (
    <Calls.Provider value={calls}>
      <div class="app wide" data-state={header.state} key={view.app.language}>
        <Top
          header={header}
          address={view.gateway.addresses.ollama_host}
          demo={view.app.demo}
          tab={tab}
          select={select}
          waiting={view.live?.health.queue.length ?? 0}
          breath={breathOf(header, now)}
        />
        <main class="scroll">
          <h1 class="sr">{titleOf(page ?? tab)}</h1>
          <div id="view" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0} key={page ?? tab}>
            {page === undefined ? (
              <>
                {tab === 'overview' && (
                  <Overview view={view} now={now} wish={wish} seen={seenWish} tryPlace={tryPlace} />
                )}
                {tab === 'queue' && <Queue view={view} now={now} />}
                {tab === 'requests' && (
                  <Requests view={view} now={now} wish={wish} seen={seenWish} place={requestsPlace} />
                )}
                {tab === 'models' && <Models view={view} now={now} />}
                {tab === 'settings' && <Settings view={view} wish={wish} seen={seenWish} />}
              </>
            ) : (
              <Behind page={page}>
                {page === 'connect' && <Connect view={view} now={now} />}
                {page === 'prompts' && <PromptsPage view={view} now={now} />}
                {page === 'about' && <AboutPage view={view} now={now} />}
              </Behind>
            )}
          </div>
        </main>
        {dock}
      </div>
    </Calls.Provider>
  );
}

/** While the model works its ember glows up and down, second by second. */
function breathOf({ state }: HeaderView, now: number): 'in' | 'out' | undefined {
  if (state !== 'busy') return undefined;
  return Math.floor(now / 1000) % 2 === 0 ? 'in' : 'out';
}

interface TopProps {
  readonly header: HeaderView;
  readonly address: string;
  readonly demo: boolean;
  readonly tab: TabName;
  readonly select: (tab: TabName) => void;
  readonly waiting: number;
  readonly breath: 'in' | 'out' | undefined;
}

/** Header and tabs, drawn when they say something else. */
function Top({ header, address, demo, tab, select, waiting, breath }: TopProps): JSX.Element {
  const same = useSame(header);
  const drawn = useMemo(
    () => (
      <Header header={same} address={address} demo={demo}>
        <Tabs tab={tab} select={select} waiting={waiting} />
      </Header>
    ),
    [same, address, demo, tab, select, waiting],
  );
  // Here and not around the window: what an attribute may change is looked for in all that is in its element.
  return <div data-breath={breath}>{drawn}</div>;
}

/** The tray and notices ask for tabs. */
function useWishes(picture: Picture | undefined, go: ViewCalls['go']): void {
  const wish = picture?.view.go;
  const seen = useRef<number>(undefined);
  useEffect(() => {
    if (wish === undefined || wish.n === seen.current) return;
    seen.current = wish.n;
    const { tab, n, ...what } = wish;
    // Before the first wish the window opens where it always does.
    if (n > 0) go(tab, what);
  }, [wish, go]);
}

/** Ctrl or Cmd with a number chooses a tab. */
function useTabKeys(select: (tab: TabName) => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const tab = /^[1-9]$/.test(event.key) ? TABS[Number(event.key) - 1] : undefined;
      if (tab === undefined || event.altKey || event.shiftKey || event.ctrlKey === event.metaKey) return;
      event.preventDefault();
      select(tab);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [select]);
}

/** Nothing at first; still bars when the first view takes its time. */
function Skeleton(): JSX.Element {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return <main class="app" />;
  return (
    <main class="app">
      <div class="skel" role="status" aria-label={t('frame.loading')}>
        <i class="w40" />
        <i class="w80" />
        <i class="w60" />
        <i class="w90" />
      </div>
    </main>
  );
}
