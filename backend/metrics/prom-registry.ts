// The metrics table as metrics of prom-client. Loading that takes a third of a start's time, so this file is loaded at
// the first scrape. Each model has a registry of its own: prom-client writes a metric in one go, about 6 µs a line, and
// a hundred models in one registry would delay everything else.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BUCKETS, METRICS, type MetricName, type MetricOf } from '../contract/papers/metric-table.ts';
import type { MetricInfo } from '../contract/papers/process-metrics.ts';
import { breath } from '../core/offline/breath.ts';
import type { Sample } from './counts.ts';
import type { Histograms, ModelHistograms } from './meters.ts';
import { isByModel, type Readings } from './readings.ts';

export interface Exposition {
  /** Fed from now on. */
  readonly histograms: Histograms;
  readonly contentType: string;
  /** All current values. */
  text(): Promise<string>;
}

/** Characters written before other work gets a turn. */
const PORTION = 30_000;

/** The metrics of one model. */
interface Part {
  readonly registry: Registry;
  readonly histograms: ModelHistograms;
}

const NAMES = Object.keys(METRICS) as MetricName[];

/** `models`: the labels in use so far. */
export function exposition(readings: Readings, models: () => Iterable<string>): Exposition {
  const shared = new Registry();
  const parts = new Map<string, Part>();
  const partOf = (model: string): Part => {
    const known = parts.get(model);
    if (known !== undefined) return known;
    const part = partFor(model, readings);
    parts.set(model, part);
    return part;
  };
  for (const name of NAMES) if (isRead(name) && !isByModel(name)) read(shared, name, () => readings[name]());
  const wait = histogram(shared, 'hearth_request_wait_seconds');

  /** The texts of one metric: a single one, or one per model. */
  async function* textsOf(name: MetricName): AsyncGenerator<string> {
    if (!isByModel(name)) return yield await shared.getSingleMetricAsString(name);
    let isFirst = true;
    for (const model of models()) {
      const text = await partOf(model).registry.getSingleMetricAsString(name);
      const samples = text.split('\n').slice(2);
      if (samples.length === 0) continue;
      // Each text has the metric's HELP and TYPE lines, which may appear only once.
      yield isFirst ? text : samples.join('\n');
      isFirst = false;
    }
  }

  return {
    histograms: { wait, of: (model) => partOf(model).histograms },
    contentType: shared.contentType,
    async text() {
      const texts: string[] = [];
      let written = 0;
      for (const name of NAMES) {
        for await (const text of textsOf(name)) {
          texts.push(text);
          written += text.length;
          if (written < PORTION) continue;
          written = 0;
          await breath();
        }
      }
      return `${texts.join('\n')}\n`;
    },
  };
}

function partFor(model: string, readings: Readings): Part {
  const registry = new Registry();
  registry.setDefaultLabels({ model });
  for (const name of NAMES) if (isRead(name) && isByModel(name)) read(registry, name, () => readings[name](model));
  return {
    registry,
    histograms: {
      firstToken: histogram(registry, 'hearth_request_first_token_seconds'),
      duration: histogram(registry, 'hearth_request_duration_seconds'),
      prompt: histogram(registry, 'hearth_run_prompt_seconds'),
      generation: histogram(registry, 'hearth_run_generation_seconds'),
      load: histogram(registry, 'hearth_model_load_seconds'),
    },
  };
}

const isRead = (name: MetricName): name is keyof Readings => METRICS[name].type !== 'histogram';

/** The labels set on each value; the registry stands for the model. */
const ownLabels = ({ labels }: MetricInfo): string[] => labels.filter((label) => label !== 'model');

function histogram(registry: Registry, name: MetricOf<'histogram'>): Histogram {
  const { help } = METRICS[name];
  return new Histogram({
    name,
    help,
    labelNames: ownLabels(METRICS[name]),
    buckets: [...BUCKETS],
    registers: [registry],
  });
}

/** A metric that is read at each scrape. */
function read(registry: Registry, name: keyof Readings, now: () => readonly Sample[]): void {
  const info: MetricInfo = METRICS[name];
  const labels = ownLabels(info);
  const about = { name, help: info.help, labelNames: labels, registers: [registry] };
  const labelled = (values: readonly string[]) =>
    Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']));
  if (info.type === 'counter') {
    const counter: Counter = new Counter({
      ...about,
      collect() {
        counter.reset();
        // Without labels reset leaves a 0, where there may be no value.
        if (labels.length === 0) counter.remove();
        for (const sample of now()) counter.inc(labelled(sample.labels), sample.value);
      },
    });
    return;
  }
  const gauge: Gauge = new Gauge({
    ...about,
    collect() {
      gauge.reset();
      if (labels.length === 0) gauge.remove();
      for (const sample of now()) gauge.set(labelled(sample.labels), sample.value);
    },
  });
}
