// Which app stands where on the page, and how long ago it was seen, as words. Pure.
import { APPS, type App } from '../../backend/contract/apps.ts';
import type { AppSeen } from '../../backend/contract/views/app-seen.ts';
import { t } from '../../words/texts.ts';
import { dayOfMonth, roughly, timeOfDay } from '../parts/words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** An app, and when its requests came last; undefined where none came. */
export interface AppRow {
  readonly app: App;
  readonly seen: AppSeen | undefined;
}

/** Those that were seen, the newest first; then those that are known by a library alone; then the others as people use them. */
export function appRows(seen: readonly AppSeen[]): readonly AppRow[] {
  const rows = APPS.map((app) => ({ app, seen: seen.find(({ id }) => id === app.id) }));
  const rank = (row: AppRow): number => (row.seen === undefined ? 2 : row.seen.through === undefined ? 0 : 1);
  const at = (row: AppRow): number => (row.seen === undefined ? 0 : Date.parse(row.seen.at));
  return rows.toSorted((a, b) => rank(a) - rank(b) || at(b) - at(a));
}

/** How many apps were seen today. */
export function seenToday(rows: readonly AppRow[], now: number): number {
  const today = new Date(now).toDateString();
  return rows.filter(
    ({ seen }) => seen !== undefined && seen.through === undefined && new Date(seen.at).toDateString() === today,
  ).length;
}

/** "just now", "3 min ago", after an hour "13:58", after a day "21 Nov". */
export function sinceWords(at: number, now: number): string {
  const ago = now - at;
  if (ago < MINUTE_MS) return t('connect.just_now');
  if (ago < HOUR_MS) return t('connect.ago', { time: roughly(ago - (ago % MINUTE_MS)) });
  return ago < DAY_MS ? timeOfDay(at) : dayOfMonth(at);
}

/** What stands at the end of an app's row. */
export function seenWords({ app, seen }: AppRow, now: number): string {
  if (app.paste.length === 0) return t('connect.cannot');
  if (seen === undefined) return t('connect.not_seen');
  const when = sinceWords(Date.parse(seen.at), now);
  const { through } = seen;
  return through === undefined
    ? t('connect.last_seen', { when })
    : t('connect.library_seen', { library: through, when });
}
