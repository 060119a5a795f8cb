// How a view acts: the calls that it is given, and one action at a time with its failure as a sentence.
// It draws nothing; where the sentence is shown is up to the view.
import { createContext, type RefObject } from 'preact';
import { useContext, useRef, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import { sentenceOf, type Call } from '../state/client.ts';
import type { PageName } from './pages.ts';

/** What every view is given. */
export interface ViewCalls {
  readonly call: Call;
  /**
   * Shows at the window's lower edge that an action failed; `retry` becomes a button. For actions without a place of
   * their own for a sentence: a field says it at the field. The returned function takes it away again.
   */
  readonly report: (error: unknown, retry?: () => void) => () => void;
  /** Shows another tab, perhaps with a page behind it, or with a setting or a request there. */
  readonly go: (tab: TabName, what?: Omit<Wish, 'tab' | 'n'>) => void;
  /** The page that somebody has just come back from: the button that leads there has the focus again (page-link.tsx). */
  readonly left: RefObject<PageName | undefined>;
}

/** A tab that is to be shown with something in it, wished by the page or by main; `n` grows with each. */
export type Wish = View['go'];
export const TABS: readonly TabName[] = ['overview', 'queue', 'requests', 'models', 'settings'];
export type TabName = Wish['tab'];

/** Set by page.tsx around everything. */
export const Calls = createContext<ViewCalls>({
  call: () => Promise.reject(new Error('no app around this part')),
  report: () => () => undefined,
  go: () => undefined,
  left: { current: undefined },
});
export const useCalls = (): ViewCalls => useContext(Calls);

export interface Action {
  /** Starts it, unless it is still under way. */
  readonly run: (what: () => Promise<unknown>) => void;
  readonly busy: boolean;
  /** The sentence of the last failure; gone with the next start. */
  readonly problem: string | undefined;
}

/** One action at a time, with its failure as a sentence for the place where it was asked. */
export function useAction(onProblem?: (error: unknown, retry: () => void) => () => void): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const under = useRef(false);
  const dropLast = useRef<() => void>(undefined);
  const run = (what: () => Promise<unknown>): void => {
    if (under.current) return;
    under.current = true;
    setBusy(true);
    setProblem(undefined);
    dropLast.current?.();
    dropLast.current = undefined;
    what()
      .catch((error: unknown) => {
        if (onProblem === undefined) setProblem(sentenceOf(error));
        else dropLast.current = onProblem(error, () => run(what));
      })
      .finally(() => {
        under.current = false;
        setBusy(false);
      });
  };
  return { run, busy, problem };
}

/** An action whose failure is shown at the window's lower edge, with a way to try again. */
export function useReportedAction(): Action {
  return useAction(useCalls().report);
}
