// The pages that stand behind a tab: each in its tab's place, with a way back to it. A new one gets its name in `go` of
// contract/window/desktop.ts, its row here, its
// title in words/, and its view in page.tsx.
import type { TabName, Wish } from './use-calls.ts';

export type PageName = NonNullable<Wish['page']>;

/** What of the window is shown: a tab, or a page behind it. */
export interface Place {
  readonly tab: TabName;
  readonly page?: PageName | undefined;
}

/** The tab that each page stands behind. */
export const PAGES: Readonly<Record<PageName, TabName>> = {
  connect: 'overview',
  prompts: 'overview',
  about: 'settings',
};
