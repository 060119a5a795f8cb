// Checks the gateway: whether it runs, who uses its port, what it reports, who may come in, and proxies in between.
import { effectiveBind } from '../../http/door/bind.ts';
import { problemSentence } from '../../contract/config/config-sources.ts';
import { VERSION } from '../version.ts';
import { fail, ok, unknown, warn, type Finding } from './finding.ts';
import type { Known } from './look-around.ts';
import { isFree, listenerOn } from './who-listens.ts';

export function checkSettings({ settings }: Known): readonly Finding[] {
  if (typeof settings === 'string')
    return [fail('config', settings, 'Mend the file; hearth config check FILE says more.')];
  const { problems, notices } = settings;
  const wrong = problems.map((each) => fail('config', problemSentence(each), 'hearth serve does not start with it.'));
  if (wrong.length > 0) return wrong;
  return [
    ok('config', 'The configuration can be used.'),
    ...notices.map((notice) => warn('config', notice, 'hearth config print shows what is in force.')),
  ];
}

export async function checkRunning({ gateway }: Known): Promise<readonly Finding[]> {
  const { url, says, isHere } = gateway;
  if (typeof says !== 'string')
    return [ok('gateway', `Hearth ${says.health.version} answers at ${url}.`), ...sameVersion(says.health.version)];
  if (!isHere) return [fail('gateway', says, 'Look there whether it runs, and whether a firewall is between.')];
  const { hostname, port } = new URL(url);
  const number = Number(port);
  if (await isFree(number, hostname.replace(/^\[(.*)\]$/, '$1'))) {
    return [
      warn('gateway', `No gateway runs at ${url}; the port is free.`, 'Start it with hearth serve or the tray app.'),
    ];
  }
  const who = (await listenerOn(number)) ?? 'another program';
  return [
    fail(
      'port',
      `Port ${port} is taken by ${who}, which is no Hearth.`,
      'End it, or give Hearth another port: hearth config set server.port 8081.',
    ),
  ];
}

function sameVersion(version: string): readonly Finding[] {
  if (version === VERSION) return [];
  return [
    warn(
      'gateway',
      `This hearth has version ${VERSION}, and the gateway ${version}.`,
      'Update the older one, and restart the gateway.',
    ),
  ];
}

/** The notices that the window shows too. */
export function checkNotices({ gateway: { says } }: Known): readonly Finding[] {
  if (typeof says === 'string') return [];
  const { health } = says;
  return [
    ...(health.notices ?? []).map((notice) => warn('gateway', notice, 'The sentence says what to change.')),
    ...(health.queue.paused
      ? [warn('queue', 'New work is paused: what waits does not run.', 'Resume it in the menu of the tray icon.')]
      : []),
    ...(health.stuck === undefined
      ? []
      : [
          fail(
            'queue',
            `${health.stuck.model} has given nothing for ${Math.round(health.stuck.silent_ms / 1000)} s.`,
            'Cancel it (hearth queue, hearth cancel ID), and look into the log of Ollama.',
          ),
        ]),
  ];
}

export function checkKeys({ settings }: Known): readonly Finding[] {
  if (typeof settings === 'string') return [];
  const { config } = settings;
  const { beyondLoopback, refusedBecause } = effectiveBind(config);
  if (refusedBecause !== undefined) return [warn('keys', refusedBecause, 'Make a key: hearth key create NAME.')];
  if (!beyondLoopback) return [ok('keys', 'Only programs of this machine get in.')];
  if (config.server.allow_anonymous) {
    const todo =
      'Set server.allow_anonymous to false and make a key (hearth key create NAME), unless only you can reach this machine.';
    return [warn('keys', 'Everyone who can reach this machine gets in without a key.', todo)];
  }
  return [ok('keys', `Other machines get in with a key; there are ${config.server.api_keys.length}.`)];
}

/** A proxy in the environment diverts requests for this machine; a proxy in front of the gateway may buffer streams. */
export function checkProxies({ env, gateway: { url, isHere, says } }: Known): readonly Finding[] {
  const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].filter((name) => env[name]);
  const [name] = names;
  const spared = `${env['NO_PROXY'] ?? ''},${env['no_proxy'] ?? ''}`.split(',').map((part) => part.trim());
  const isSpared = ['*', '127.0.0.1', 'localhost'].some((host) => spared.includes(host));
  const found: Finding[] = [];
  if (name !== undefined && !isSpared) {
    const says = `${name} is set and NO_PROXY does not name this machine: apps that follow it send what is for ${url} to the proxy.`;
    found.push(warn('proxy', says, 'Set NO_PROXY=localhost,127.0.0.1,::1 where the apps are started.'));
  }
  if (typeof says !== 'string' && says.snapshot === undefined) {
    const todo = isHere
      ? 'Look into the log of the gateway.'
      : 'Turn buffering off in the proxy, as in docs/deployment.md (nginx: proxy_buffering off), and let a key see events (scope manage).';
    found.push(
      warn('proxy', `No live event came from ${url} within some seconds: something holds streams back.`, todo),
    );
  }
  return found.length > 0
    ? found
    : [ok('proxy', 'Nothing stands in the way of requests and streams that can be seen from here.')];
}

const MOST_SKEW_MS = 5000;

export function checkClocks({ gateway: { says }, ollama }: Known): readonly Finding[] {
  const clocks: readonly (readonly [string, number | undefined])[] = [
    ['the gateway', typeof says === 'string' ? undefined : says.skewMs],
    ['Ollama', ollama.skewMs],
  ];
  const seen = clocks.filter(([, skew]) => skew !== undefined);
  if (seen.length === 0) return [unknown('clock', 'No other clock can be seen.', 'Start the gateway or Ollama.')];
  const off = seen.filter(([, skew = 0]) => Math.abs(skew) > MOST_SKEW_MS);
  if (off.length === 0) return [ok('clock', 'The clocks agree.')];
  return off.map(([who, skew = 0]) =>
    warn(
      'clock',
      `The clock of ${who} is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} this one.`,
      'Set both by NTP (timedatectl set-ntp true).',
    ),
  );
}
