// The files for Prometheus and Grafana name only what Hearth shows, and the alerts say what they should.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS, seriesOf, type MetricName } from '../../../backend/contract/papers/metric-table.ts';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { dashboardIn, queriesOf } from '../../support/dashboard.ts';
import { programOfPrometheus, promtool } from '../../support/prometheus.ts';

const folder = resolve(import.meta.dirname, '../../../deploy/monitoring');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

const known = new Set((Object.keys(METRICS) as MetricName[]).flatMap(seriesOf));
/** What a query names of the table, or would like to. */
const namesIn = (query: string): string[] => query.match(/\b(?:hearth|process|nodejs)_\w+/g) ?? [];

describe('the dashboard', () => {
  const json = read('hearth-dashboard.json');
  const { panels, templating } = dashboardIn(json);

  test('asks only for metrics that there are', () => {
    const queries = queriesOf(json, { job: 'hearth', range: '5m' });
    expect(queries.filter((query) => query.includes('no variable') || namesIn(query).length === 0)).toEqual([]);
    expect(queries.flatMap(namesIn).filter((name) => !known.has(name))).toEqual([]);
  });

  test('shows everything that Hearth counts, but for what only names a version', () => {
    const shown = new Set(queriesOf(json, { job: 'hearth', range: '5m' }).flatMap(namesIn));
    const missing = (Object.keys(METRICS) as MetricName[]).filter(
      (name) => !seriesOf(name).some((one) => shown.has(one)),
    );
    expect(
      missing.filter((name) => !/_info$|^process_(?:start|open|max)|^nodejs_heap_size_total|latency/.test(name)),
    ).toEqual([]);
  });

  test('has each id once, and no panel upon another', () => {
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
  });
});

describe('the alerts', () => {
  const rules = (parse(read('hearth-alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  );
  interface Rule {
    readonly alert: string;
    readonly expr: string;
    readonly annotations: { readonly summary: string; readonly description: string };
  }

  test('name only metrics that there are, and each says what to do', () => {
    expect(rules.flatMap(({ expr }) => namesIn(expr)).filter((name) => !known.has(name))).toEqual([]);
    for (const { annotations } of rules) expect(annotations.description).toMatch(/^[A-Z].*\.$/);
  });

  test('are in the table of docs/metrics.md, and each is tried', () => {
    const page = readFileSync(resolve(folder, '../../docs/metrics.md'), 'utf8');
    const names = rules.map(({ alert }) => alert);
    expect([...page.matchAll(/^\| `(Hearth\w+)`/gm)].map(([, name]) => name)).toEqual(names);
    const tried = new Set([...read('hearth-alerts.test.yaml').matchAll(/alertname: (\w+)/g)].map(([, name]) => name));
    expect(names.filter((name) => !tried.has(name))).toEqual([]);
  });

  test.runIf(programOfPrometheus('promtool') !== undefined)('promtool checks and tries them', () => {
    expect(promtool(['test', 'rules', join(folder, 'hearth-alerts.test.yaml')])).toMatchObject({ code: 0 });
    // The rules that it names are checked with it.
    const { code, says } = promtool(['check', 'config', join(folder, 'prometheus.yaml')]);
    expect([code, says]).toEqual([0, expect.stringContaining(`SUCCESS: ${rules.length} rules found`)]);
  });
});

test('the scrapes ask for the port of Hearth, in a compose network by its name there', () => {
  const { port } = defaultConfig().server;
  const withoutComments = (name: string): string => read(name).replaceAll(/^\s*#.*\n?/gm, '');
  expect(withoutComments('prometheus.yaml')).toContain(`- targets: ['localhost:${port}']`);
  expect(withoutComments('prometheus-compose.yaml')).toBe(
    withoutComments('prometheus.yaml').replace(`localhost:${port}`, `hearth:${port}`),
  );
});

describe('the compose file that goes on top of that of Hearth', () => {
  interface Compose {
    readonly services: Readonly<Record<string, { readonly volumes?: readonly string[] }>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  }
  const overlay = parse(read('compose.yaml')) as Compose;
  const base = parse(read('../compose.yaml')) as Compose;
  const mounts = Object.values(overlay.services)
    .flatMap(({ volumes = [] }) => volumes)
    .map((volume) => volume.split(':') as [source: string, target: string]);

  test('takes no service of it, and declares each volume that it names', () => {
    expect(Object.keys(overlay.services).filter((name) => name in base.services)).toEqual([]);
    const named = mounts.filter(([source]) => !source.startsWith('.')).map(([source]) => source);
    expect(named.toSorted()).toEqual(Object.keys(overlay.volumes).toSorted());
    expect(named.filter((name) => name in base.volumes)).toEqual([]);
  });

  test.runIf(programOfPrometheus('promtool') !== undefined)(
    'mounts what Prometheus reads, and it finds its rules',
    () => {
      const container = mkdtempSync(join(tmpdir(), 'hearth-prometheus-'));
      try {
        for (const [source, target] of mounts.filter(([from]) => from.startsWith('.'))) {
          mkdirSync(join(container, dirname(target)), { recursive: true });
          // Compose reads all paths from the folder of the first file.
          copyFileSync(join(folder, '..', source), join(container, target));
        }
        const [, file = ''] = /--config\.file=(\S+)/.exec(read('compose.yaml')) ?? [];
        expect(promtool(['check', 'config', join(container, file)])).toMatchObject({
          code: 0,
          says: expect.stringMatching(/SUCCESS: \d+ rules found/),
        });
      } finally {
        rmSync(container, { recursive: true });
      }
    },
  );
});
