// Counts events for Prometheus: the core and the edge report them, metrics-page.ts shows them. A cached answer costs a
// few lookups. After the first scrape, requests that ran a model are sorted into histogram buckets too.
import type { Histogram } from 'prom-client';
import { routeOf, ROUTES } from '../contract/routes.ts';
import type { Meter, RunFigures, WhyLeft, WhyLoaded } from '../core/ports.ts';
import type { Ended } from '../core/requests/at-once.ts';
import { statusOf } from '../core/stories/standing.ts';
import { OTHERS } from '../core/telemetry/tally.ts';
import { Counts } from './counts.ts';
import { ModelLabels, type ModelLabelParts } from './model-labels.ts';

/** Label value for a property that a request does not have. */
const NONE = 'none';
const PATHS: ReadonlySet<string> = new Set(ROUTES.map(({ path }) => path));

/** In seconds. */
export interface Histograms {
  readonly wait: Histogram<'class'>;
  of(model: string): ModelHistograms;
}

/** Histograms of one model. In seconds. */
export interface ModelHistograms {
  readonly firstToken: Histogram;
  readonly duration: Histogram;
  readonly prompt: Histogram;
  readonly generation: Histogram;
  readonly load: Histogram<'why'>;
}

export class Meters implements Meter {
  readonly models: ModelLabels;
  readonly requests = new Counts();
  /** By machine, if there are several. */
  readonly upstreams = new Counts();
  readonly failures = new Counts();
  readonly errorAnswers = new Counts();
  readonly promptTokens = new Counts();
  readonly reusedTokens = new Counts();
  readonly reusableTokens = new Counts();
  readonly answerTokens = new Counts();
  readonly savedTokens = new Counts();
  /** In milliseconds. */
  readonly savedMs = new Counts();
  readonly evictions = new Counts();
  #histograms: Histograms | undefined;

  constructor(parts: ModelLabelParts) {
    this.models = new ModelLabels(parts);
  }

  /** Feeds these histograms from now on. Earlier events are missing, which no difference between two scrapes shows. */
  measure(histograms: Histograms): void {
    this.#histograms = histograms;
  }

  /** A request has ended, in any way. */
  ended(request: Ended): void {
    const { route, source = NONE, class: of = NONE, error, trace, startedAt, firstPieceAt, timing } = request;
    const model = this.models.of(request.model);
    const status = statusOf(request);
    this.requests.add(1, model, pathOf(route), source, source === 'hit' ? NONE : of, status);
    const upstream = trace?.run?.upstream ?? trace?.upstream;
    if (upstream !== undefined) this.upstreams.add(1, upstream, status);
    if (error !== undefined && status !== 'cancelled') this.failures.add(1, error.code);
    const measured = this.#histograms;
    if (measured === undefined || source === 'hit' || startedAt === undefined) return;
    measured.wait.observe({ class: of }, timing.queue_ms / 1000);
    const { firstToken, duration } = measured.of(model);
    if (firstPieceAt !== undefined) firstToken.observe((timing.ttft_ms - timing.queue_ms) / 1000);
    if (status === 'completed') duration.observe(timing.total_ms / 1000);
  }

  /** An answer was an error from its first byte. */
  answeredByError(code: string): void {
    this.errorAnswers.add(1, code);
  }

  ran(
    model: string,
    { promptTokens, reusedTokens = 0, reusableTokens = 0, promptMs, tokens, evalMs }: RunFigures,
  ): void {
    const label = this.models.of(model);
    this.promptTokens.add(promptTokens, label);
    this.reusedTokens.add(reusedTokens, label);
    this.reusableTokens.add(reusableTokens, label);
    this.answerTokens.add(tokens, label);
    const measured = this.#histograms?.of(label);
    if (promptMs > 0) measured?.prompt.observe(promptMs / 1000);
    if (evalMs > 0) measured?.generation.observe(evalMs / 1000);
  }

  saved(model: string, ms: number, tokens: number): void {
    const label = this.models.of(model);
    this.savedMs.add(ms, label);
    this.savedTokens.add(tokens, label);
  }

  loaded(model: string, ms: number, why: WhyLoaded): void {
    this.#histograms?.of(this.models.of(model)).load.observe({ why }, ms / 1000);
  }

  left(model: string, why: WhyLeft): void {
    this.evictions.add(1, this.models.of(model), why);
  }
}

/** The path in the table of routes: a caller may send any path. */
function pathOf(route: string): string {
  return PATHS.has(route) ? route : (routeOf(route)?.path ?? OTHERS);
}
