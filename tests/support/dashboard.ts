// The dashboard of deploy/monitoring/, as Grafana would read it.
import { z } from 'zod';

const source = z.object({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const place = z.object({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});
const panel = z.object({
  id: z.int().min(1),
  type: z.enum(['row', 'stat', 'timeseries']),
  title: z.string().min(1),
  gridPos: place,
});
const drawn = panel.extend({
  type: z.enum(['stat', 'timeseries']),
  datasource: source,
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().min(1) }), overrides: z.array(z.never()) }),
  options: z.looseObject({}),
  targets: z
    .array(z.object({ refId: z.string(), datasource: source, expr: z.string().min(1), legendFormat: z.string() }))
    .min(1),
});
const row = panel.extend({ type: z.literal('row'), collapsed: z.literal(false), panels: z.array(z.never()) });

/** What of Grafana's dashboard JSON is used here (grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model). */
const dashboardSchema = z.object({
  uid: z.string().min(1),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  version: z.int(),
  time: z.object({ from: z.string(), to: z.string() }),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.enum(['datasource', 'query']) })) }),
  panels: z.array(z.union([row, drawn])),
});

/** Throws where it is none. */
export function dashboardIn(json: string): z.infer<typeof dashboardSchema> {
  return dashboardSchema.parse(JSON.parse(json));
}

/** The queries of its panels, for one job and all of its instances, as Grafana asks them. */
export function queriesOf(json: string, { job, range }: { readonly job: string; readonly range: string }): string[] {
  const values: Readonly<Record<string, string>> = { job, instance: '.*', __rate_interval: range, __range: range };
  return dashboardIn(json)
    .panels.flatMap((each) => ('targets' in each ? each.targets : []))
    .map(({ expr }) => expr.replaceAll(/\$(\w+)/g, (_, name: string) => values[name] ?? `no variable ${name}`));
}
