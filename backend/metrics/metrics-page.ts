// GET /metrics: what is there at this moment. Nothing is set up for it before somebody asks.
import { onAbort } from '../core/abort.ts';
import type { Exposition } from './prom-registry.ts';
import { LoopLag } from './process-figures.ts';
import { readingsOf, type ReadingParts } from './readings.ts';

export class MetricsPage {
  readonly #parts: ReadingParts;
  #exposition: Promise<Exposition> | undefined;

  /** When `life` ends, nothing is measured any more. */
  constructor({ life, ...parts }: Omit<ReadingParts, 'lag'> & { readonly life: AbortSignal }) {
    const lag = new LoopLag(parts.shown.clock);
    this.#parts = { ...parts, lag };
    onAbort(life, () => lag.stop());
  }

  /** All figures, in Prometheus' text format. */
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

/** The labels of models, those in memory among them, whoever has them loaded. */
function labelsNow({ meter, shown }: ReadingParts): Iterable<string> {
  for (const { name } of shown.watch.state.loaded) meter.models.of(name);
  return meter.models.given;
}
