// The figures of a day, or another range, as far as a watcher may see them: the kept shares of each app, summed up.
import type { Day, DayLoss, DayPrompts, DayTimes } from '../../../contract/views/day.ts';
import type { DayView } from '../../../contract/window/look-commands.ts';
import { SPAN_NAMES, spanOf, SPANS, type SpanName, type SpanWord } from '../../../contract/views/spans.ts';
import { LOCAL } from '../../ownership.ts';
import type { Clock } from '../../ports.ts';
import type { RequestLog } from '../../requests/request-log.ts';
import type { Digest } from '../../telemetry/digest.ts';
import { sumOf, type Figures } from '../../telemetry/step-figures.ts';
import type { History } from '../../telemetry/history.ts';
import type { HistoryStore } from '../../telemetry/kept-history.ts';
import { Losses, type Loss } from '../../telemetry/losses.ts';
import { OTHERS, type Share } from '../../telemetry/tally.ts';
import { Totals } from '../../telemetry/totals.ts';
import { Failures } from './newest-failures.ts';
import { iso } from '../standing.ts';

export interface DaysParts {
  readonly history: History;
  readonly store: HistoryStore;
  readonly requestLog: Pick<RequestLog, 'search'>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** Aborts when the gateway ends. */
  readonly life: AbortSignal;
}

/** How many apps are named, and how many causes of losses are listed. */
const MOST_APPS = 5;
const MOST_LOSSES = 5;

export class Days {
  readonly #parts: DaysParts;
  readonly #totals: Totals;
  readonly #failures: Failures;

  constructor(parts: DaysParts) {
    this.#parts = parts;
    this.#totals = new Totals(parts);
    this.#failures = new Failures(parts.requestLog, parts.life);
  }

  /** The range that ends now, as far as a watcher may see it. Rejects when the gateway ends. */
  async of(word: SpanWord, watcher: string): Promise<Day> {
    const shares = await this.#totals.of(spanOf(word), watcher);
    const now = this.#parts.clock.now();
    const { sums, waits, ttfts, requests } = sumOf(shares.map(({ figures }) => figures));
    const { hits, coalesced, misses, bypassed, failed, cancelled, reusable_tokens, reused_tokens } = sums;
    const since = this.#parts.history.begin(spanOf(word));
    return {
      span: word,
      since: iso(since),
      until: iso(now),
      requests,
      no_model_time: hits + coalesced,
      sources: { hit: hits, coalesced, miss: misses, bypass: bypassed },
      time_saved_ms: Math.round(sums.saved_ms),
      tokens_saved: sums.saved_tokens,
      ...appsOf(shares),
      wait: timesOf(waits),
      first_token: timesOf(ttfts),
      prompts: promptsOf(sums),
      reuse: reusable_tokens === 0 ? null : { reusable_tokens, reused_tokens, losses: lossesTold(shares) },
      failed,
      cancelled,
      failures: [...(await this.#failures.newest({ since, watcher, failed }))],
    };
  }

  /** The same with its steps, for this machine. */
  async view(word: SpanWord): Promise<DayView> {
    const { history } = this.#parts;
    const day = await this.of(word, LOCAL);
    return { day, steps: history.view(this.#spanToShow(day)), empty: history.isEmpty };
  }

  /**
   * The span with the shortest steps that covers the range. Just after a start, the day's own steps would be too few.
   */
  #spanToShow({ span, since, until }: Day): SpanName {
    const seconds = (Date.parse(until) - Date.parse(since)) / 1000;
    const own = spanOf(span);
    const shorter = SPAN_NAMES.slice(0, SPAN_NAMES.indexOf(own));
    return shorter.find((name) => seconds <= SPANS[name].span_s) ?? own;
  }
}

function timesOf(times: Digest): DayTimes {
  const [median_ms, p95_ms, longest_ms] = [times.quantile(0.5), times.quantile(0.95), times.longest];
  return median_ms === null || p95_ms === null || longest_ms === null ? null : { median_ms, p95_ms, longest_ms };
}

/** The apps with the most time saved first. A single app beyond the limit is named too. */
function appsOf(shares: readonly Share[]): Pick<Day, 'apps' | 'more_apps'> {
  const named = shares.filter(({ name, figures }) => name !== OTHERS && figures.requests > 0);
  const ordered = named.toSorted((a, b) => b.figures.sums.saved_ms - a.figures.sums.saved_ms || b.figures.requests - a.figures.requests); // prettier-ignore
  const nameless = shares.filter(({ name }) => name === OTHERS);
  const told = ordered.length === MOST_APPS + 1 && nameless.length === 0 ? ordered : ordered.slice(0, MOST_APPS);
  const rest = [...ordered.slice(told.length), ...nameless];
  return {
    apps: told.map(({ name, figures }) => ({ caller: name, ...sharesOf(figures) })),
    more_apps:
      rest.length === 0
        ? null
        : { apps: nameless.length > 0 ? null : rest.length, ...sharesOf(sumOf(rest.map(({ figures }) => figures))) },
  };
}

function sharesOf({ requests, sums }: Figures) {
  return {
    requests,
    no_model_time: sums.hits + sums.coalesced,
    time_saved_ms: Math.round(sums.saved_ms),
    tokens_saved: sums.saved_tokens,
    prompts: promptsOf(sums),
  };
}

function promptsOf({ prompt_tokens, processed_tokens, spared_tokens, sparable_tokens }: Figures['sums']): DayPrompts {
  return {
    sent_tokens: prompt_tokens,
    processed_tokens,
    reused_tokens: spared_tokens,
    reusable_tokens: sparable_tokens,
  };
}

/** A changed prompt is counted for its app; a reload is counted once for all apps. */
function lossesTold(shares: readonly Share[]): DayLoss[] {
  const loads = new Losses();
  for (const { figures } of shares) loads.addKept(figures.losses.list.filter(({ cause }) => cause === 'loaded'));
  const ofApps = shares.flatMap(({ name, figures }) =>
    figures.losses.list.filter(({ cause }) => cause !== 'loaded').map((loss) => ({ ...loss, caller: name })),
  );
  return [...loads.list.map((loss) => ({ ...loss, caller: '' })), ...ofApps]
    .toSorted((a, b) => b.tokens - a.tokens)
    .slice(0, MOST_LOSSES)
    .map(({ caller, ...loss }) => ({
      cause: loss.cause,
      text: lossText(loss, caller),
      tokens: loss.tokens,
      times: loss.times,
      request_id: loss.most.request_id,
      at: iso(loss.most.at),
    }));
}

function lossText({ cause, where, times }: Loss, caller: string): string {
  const app = caller === OTHERS ? 'Another app' : caller;
  const often = times === 1 ? '' : times === 2 ? ' twice' : ` ${times} times`;
  switch (cause) {
    case 'changed':
      return `${app} changed ${where === '' ? 'its prompt' : where}${often}`;
    case 'loaded':
      return `${where === '' ? 'A model' : where} was loaded again${often}`;
    case 'displaced':
      return `Other prompts took the place of those of ${app}${often}`;
  }
}
