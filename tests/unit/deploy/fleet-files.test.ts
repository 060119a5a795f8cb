// The files for a fleet agree with the program: settings, port, drain time, names. nginx itself reads its file where it is
// installed. No container engine and no Kubernetes is needed; what those say of the files is not tried.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { defaultConfig, type Config } from '../../../backend/contract/config/config.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { effectiveBind } from '../../../backend/http/door/bind.ts';
import { programOfNginx } from '../../support/shipped-nginx.ts';

const folder = resolve(import.meta.dirname, '../../../deploy/fleet');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const { port: PORT, drain_timeout_ms: DRAIN_MS } = defaultConfig().server;

type Settings = Readonly<Record<string, string>>;

/** What a gateway makes of these variables; all of them have to be settings. */
function settingsOf(env: Settings): Config {
  const { config, problems, notices } = resolveConfig({ env }, 'headless');
  expect([problems, notices]).toEqual([[], []]);
  return config;
}

interface Service {
  readonly environment?: Settings;
  readonly stop_grace_period?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: string;
}

const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Readonly<Record<string, Service>> };
const gateways = Object.entries(services).filter(([name]) => name.startsWith('hearth-'));

test('three gateways share one Valkey, each by its own name, and nginx alone reaches them', () => {
  expect(gateways).toHaveLength(3);
  for (const [name, { environment = {}, ports, stop_grace_period = '' }] of gateways) {
    const config = settingsOf(environment);
    expect(config.cluster).toMatchObject({ url: 'valkey://valkey:6379', node: name });
    expect(config.server.allowed_hosts).toEqual(['hearth']);
    expect(effectiveBind(config).beyondLoopback).toBe(true);
    expect(Number.parseInt(stop_grace_period, 10) * 1000).toBeGreaterThan(DRAIN_MS);
    expect(ports).toBeUndefined();
  }
  expect(services['nginx']?.ports).toEqual([`127.0.0.1:${PORT}:${PORT}`]);
  expect(services['valkey']?.ports).toBeUndefined();
});

test('nginx names the gateways of the compose file, and cuts no stream', () => {
  const conf = read('nginx.conf');
  const named = [...conf.matchAll(/^ {2}server (\S+):(\d+) /gm)].map((match) => [match[1], match[2]]);
  expect(named).toEqual(gateways.map(([name]) => [name, String(PORT)]));
  expect(services['nginx']?.volumes).toEqual(['./nginx.conf:/etc/nginx/conf.d/default.conf:ro']);
  expect(conf).toMatch(/^ +proxy_buffering off;$/m);
  expect(conf).toMatch(/^ +proxy_set_header Host hearth;$/m);
});

// On Linux needs.ts has brought it; elsewhere the test above holds its file.
test.skipIf(programOfNginx() === undefined)('nginx takes its file', () => {
  const place = mkdtempSync(join(tmpdir(), 'hearth-nginx-'));
  try {
    // A name that nobody knows keeps nginx from starting.
    const conf = read('nginx.conf').replaceAll(/server hearth-\d:/g, 'server 127.0.0.1:');
    writeFileSync(
      join(place, 'nginx.conf'),
      `pid ${place}/pid; error_log stderr; events {} http { access_log off; ${conf} }`,
    );
    expect(() =>
      execFileSync(programOfNginx() ?? 'nginx', ['-t', '-p', place, '-c', join(place, 'nginx.conf')], {
        stdio: 'pipe',
      }),
    ).not.toThrow();
  } finally {
    rmSync(place, { recursive: true });
  }
});

test('Valkey keeps jobs over its end, and drops answers alone when it is full', () => {
  const pod = objects('StatefulSet')[0]?.spec?.template?.spec?.containers?.[0];
  for (const command of [services['valkey']?.command, pod?.args?.join(' ')]) {
    expect(command).toContain('--appendonly yes');
    expect(command).toMatch(/--maxmemory \d/);
    expect(command).toContain('--maxmemory-policy volatile-lru');
  }
});

interface Container {
  readonly args?: readonly string[];
  readonly livenessProbe?: unknown;
  readonly readinessProbe?: unknown;
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command?: readonly string[] } } };
  readonly ports?: readonly { readonly containerPort?: number }[];
}
interface Resource {
  readonly kind: string;
  readonly data?: Settings;
  readonly stringData?: Settings;
  readonly spec?: {
    readonly replicas?: number;
    readonly minAvailable?: number;
    readonly selector?: unknown;
    readonly podSelector?: unknown;
    readonly policyTypes?: readonly string[];
    readonly ingress?: unknown;
    readonly template?: {
      readonly metadata?: { readonly labels?: Settings };
      readonly spec?: { readonly terminationGracePeriodSeconds?: number; readonly containers?: readonly Container[] };
    };
  };
}

function objects(kind: string): readonly Resource[] {
  const all = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS() as Resource);
  return all.filter((each) => each.kind === kind);
}

test('on Kubernetes the settings are valid, and open the pod up to its Service', () => {
  const env = { ...objects('ConfigMap')[0]?.data, ...objects('Secret')[0]?.stringData, CLUSTER__NODE: 'hearth-5d-x' };
  const config = settingsOf(env);
  expect(config.cluster).toMatchObject({ url: 'valkey://valkey:6379', node: 'hearth-5d-x' });
  expect(config.server.allowed_hosts).toContain('hearth.hearth.svc.cluster.local');
  expect(effectiveBind(config).beyondLoopback).toBe(true);
});

test('on Kubernetes a pod drains before it is killed, and is ready only where Ollama is', () => {
  const { spec } = objects('Deployment')[0] ?? {};
  const pod = spec?.template?.spec;
  const container = pod?.containers?.[0];
  const waitMs = Number(/, (\d+)\)/.exec(container?.lifecycle?.preStop?.exec?.command?.[2] ?? '')?.[1]);
  expect(waitMs).toBeGreaterThan(0);
  expect((pod?.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(DRAIN_MS + waitMs);
  expect(container?.ports?.[0]?.containerPort).toBe(PORT);
  const host = [{ name: 'Host', value: `localhost:${PORT}` }];
  expect(container?.livenessProbe).toMatchObject({ httpGet: { path: '/health', httpHeaders: host } });
  expect(container?.readinessProbe).toMatchObject({ httpGet: { path: '/health?ready=1', httpHeaders: host } });
  const budget = objects('PodDisruptionBudget')[0]?.spec;
  expect(budget?.minAvailable).toBe((spec?.replicas ?? 0) - 1);
  expect(budget?.selector).toEqual({ matchLabels: spec?.template?.metadata?.labels });
});

test('on Kubernetes the gateways alone reach Valkey, and at its port alone', () => {
  const labelsOf = (kind: string) => objects(kind)[0]?.spec?.template?.metadata?.labels;
  const [port] = objects('StatefulSet')[0]?.spec?.template?.spec?.containers?.[0]?.ports ?? [];
  const policies = objects('NetworkPolicy').map(({ spec }) => spec);
  expect(policies).toEqual([
    {
      podSelector: { matchLabels: labelsOf('StatefulSet') },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: labelsOf('Deployment') } }],
          ports: [{ protocol: 'TCP', port: port?.containerPort }],
        },
      ],
    },
  ]);
});

test('gateways of one Ollama have no more slots together than its files and its page ask of it', () => {
  const { environment = {} } = gateways[0]?.[1] ?? {};
  for (const [env, count] of [
    [environment, gateways.length],
    [objects('ConfigMap')[0]?.data ?? {}, objects('Deployment')[0]?.spec?.replicas ?? 0],
  ] as const) {
    expect(settingsOf(env).queue.max_concurrent * count).toBe(3);
  }
  for (const name of ['compose.yaml', 'kubernetes.yaml', '../../docs/cluster.md']) {
    expect(read(name)).toContain('OLLAMA_NUM_PARALLEL=3');
  }
});

test('the drop-in makes a gateway one of a fleet, and keeps the password out of the unit', () => {
  const dropIn = read('hearth.conf').replaceAll(/^#.*\n/gm, '');
  expect(dropIn.match(/^Environment=.*$/gm)).toEqual(['Environment=CLUSTER__NODE=%l']);
  expect(dropIn).toContain('EnvironmentFile=/etc/hearth/fleet.env');
  settingsOf({ CLUSTER__NODE: 'desk-1', CLUSTER__URL: 'valkeys://hearth:secret@10.0.0.5:6379' });
});
