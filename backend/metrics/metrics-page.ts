// GET /metrics: the current values. Nothing is set up before the first scrape.
import { onAbort } from '../core/abort.ts';
import type { Exposition } from './prom-registry.ts';
import { LoopLag } from './process-figures.ts';
import { readingsOf, type ReadingParts } from './readings.ts';

export class MetricsPage {
  readonly #parts: ReadingParts;
  #exposition: Promise<Exposition> | undefined;

  /** Measuring stops when `life` aborts. */
  constructor({ life, ...parts }: Omit<ReadingParts, 'lag'> & { readonly life: AbortSignal }) {
    const lag = new LoopLag(parts.shown.clock);
    this.#parts = { ...parts, lag };
    onAbort(life, () => lag.stop());
  }

  /** All metrics, in Prometheus' text format. */
  async now(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#exposition ??= this.#made();
    const exposition = await this.#exposition;
    return { contentType: exposition.contentType, text: await exposition.text() };
  }

  async #made(): Promise<Exposition> {
    const { exposition } = await import('./prom-registry.ts');
    const made = exposition(readingsOf(this.#parts), () => labelsNow(this.#parts));
    this.#parts.meter.measure(made.histograms);
    return made;
  }
}

/** The labels of models, including every loaded one, whoever loaded it. */
function labelsNow({ meter, shown }: ReadingParts): Iterable<string> {
  for (const { name } of shown.watch.state.loaded) meter.models.of(name);
  return meter.models.given;
}
