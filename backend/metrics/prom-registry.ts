// The table as metrics of prom-client, in a registry of one gateway's own. Loading prom-client takes as long as a third of a start,
// so this file is loaded when somebody scrapes for the first time.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BUCKETS, METRICS, type MetricInfo, type MetricName, type MetricOf } from '../contract/metric-table.ts';
import { breath } from '../core/offline/breath.ts';
import type { Sample } from './counts.ts';
import type { Histograms } from './meters.ts';
import type { Readings } from './readings.ts';

export interface Exposition {
  /** Count from now on. */
  readonly histograms: Histograms;
  readonly contentType: string;
  /** All of it as it is now. Between two metrics everybody else gets a turn, since one of many models is long. */
  text(): Promise<string>;
}

export function exposition(readings: Readings): Exposition {
  const registry = new Registry();
  const registers = [registry];
  const histogram = <N extends MetricOf<'histogram'>>(name: N) => {
    const { help, labels } = METRICS[name];
    return new Histogram({ name, help, labelNames: [...labels], buckets: [...BUCKETS], registers });
  };
  for (const [name, info] of Object.entries<MetricInfo>(METRICS)) {
    if (isRead(name, readings)) read(registry, name, info, readings[name]);
  }
  return {
    histograms: {
      wait: histogram('hearth_request_wait_seconds'),
      firstToken: histogram('hearth_request_first_token_seconds'),
      duration: histogram('hearth_request_duration_seconds'),
      prompt: histogram('hearth_run_prompt_seconds'),
      generation: histogram('hearth_run_generation_seconds'),
      load: histogram('hearth_model_load_seconds'),
    },
    contentType: registry.contentType,
    async text() {
      const texts: string[] = [];
      for (const name of Object.keys(METRICS) as MetricName[]) {
        texts.push(await registry.getSingleMetricAsString(name));
        await breath();
      }
      return `${texts.join('\n')}\n`;
    },
  };
}

function isRead(name: string, readings: Readings): name is keyof Readings {
  return Object.hasOwn(readings, name);
}

/** A metric that is read when it is asked for. */
function read(
  registry: Registry,
  name: string,
  { type, labels, help }: MetricInfo,
  now: () => readonly Sample[],
): void {
  const about = { name, help, labelNames: [...labels], registers: [registry] };
  const labelled = (values: readonly string[]) =>
    Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']));
  if (type === 'counter') {
    const counter: Counter = new Counter({
      ...about,
      collect() {
        counter.reset();
        for (const sample of now()) counter.inc(labelled(sample.labels), sample.value);
      },
    });
    return;
  }
  const gauge: Gauge = new Gauge({
    ...about,
    collect() {
      gauge.reset();
      // Without labels a reset leaves a 0 behind, where there may be no value.
      if (labels.length === 0) gauge.remove();
      for (const sample of now()) gauge.set(labelled(sample.labels), sample.value);
    },
  });
}
