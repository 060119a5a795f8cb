// Renders `hearth top` as lines for a terminal of a given size. Pure.
import type { CacheStats, Health, ModelView, RequestFact } from '../../contract/views/control.ts';
import { count, duration, percent } from '../../contract/in-words.ts';
import type { QueueView } from '../../contract/views/queue-view.ts';
import type { Terminal } from '../command-host.ts';
import { painted, type Tone } from '../terminal/paint.ts';
import { cutTo, plainText } from '../terminal/table.ts';
import { modelRows } from './models-command.ts';
import { lineText } from './queue-command.ts';
import { requestRows } from './requests-command.ts';

export interface Seen {
  readonly health: Health;
  readonly queue: QueueView | undefined;
  readonly stats: CacheStats | undefined;
  readonly models: readonly ModelView[];
  /** Newest first. */
  readonly ended: readonly RequestFact[];
  /** When `queue` arrived. */
  readonly at: number;
  /** Why the gateway does not answer now. */
  readonly away: string | undefined;
}

type Screen = Pick<Terminal, 'columns' | 'rows' | 'hasColours'>;

/** Rows for ended requests when the height is unknown; otherwise they get the remaining rows. */
const USUAL_LAST = 10;

export function pictureOf(seen: Seen, screen: Screen, now: number): string[] {
  const { health, queue, models, ended, away } = seen;
  const loaded = models.filter((model) => model.loaded || model.loading_ms !== null);
  const told = (text: string, tone: Tone): string =>
    painted(cutTo(plainText(text), screen.columns ?? Infinity), tone, screen.hasColours);
  const head = [titleOf(seen, now), ...(away === undefined ? [] : [told(away, 'bad')])];
  const line = queue === undefined ? [] : ['', ...lines(lineText(aged(queue, now - seen.at), screen))];
  const memory = loaded.length === 0 ? ['', 'No model is in memory.'] : ['', ...lines(modelRows(loaded, screen, now))];
  const notices = (health.notices ?? []).map((notice) => told(notice, 'warn'));
  const above = [...head, ...notices, ...line, ...memory];
  const room = screen.rows === undefined ? USUAL_LAST : Math.max(0, screen.rows - above.length - 3);
  // The gateway's list includes live requests, which are shown above.
  const last = ended.filter(({ status }) => status !== 'queued' && status !== 'processing').slice(0, room);
  const below = last.length === 0 ? [] : ['', ...lines(requestRows(last, screen, now))];
  return [...above, ...below].map((each) => fitted(each, screen));
}

function titleOf({ health, stats }: Seen, now: number): string {
  const { status, version, uptime_ms, upstream, queue } = health;
  const hits =
    stats === undefined
      ? []
      : [`${percent(stats.response_cache.hit_rate)} hits`, `${count(stats.response_cache.total_entries)} answers kept`];
  const clock = new Date(now).toTimeString().slice(0, 8);
  return plainText(
    [
      `Hearth ${version} ${status}, up ${duration(uptime_ms)}`,
      `Ollama ${upstream.state}`,
      `${queue.running} running`,
      `${queue.length} waiting`,
      ...hits,
      clock,
    ].join('  '),
  );
}

/** The queue with its ages advanced to now. */
function aged(queue: QueueView, ms: number): QueueView {
  const older = <E extends { readonly age_ms: number }>(entry: E): E => ({ ...entry, age_ms: entry.age_ms + ms });
  return { ...queue, running: queue.running.map(older), waiting: queue.waiting.map(older) };
}

const lines = (text: string): string[] => text.trimEnd().split('\n');

/** Table rows fit already, and have colour codes that must not be cut. */
function fitted(line: string, { columns }: Screen): string {
  return columns === undefined || line.includes('\u001B') ? line : cutTo(line, columns);
}
