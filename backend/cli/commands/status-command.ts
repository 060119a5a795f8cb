// `hearth status`: the state of the gateway and of Ollama, in a few lines.
import type { Health } from '../../contract/views/control.ts';
import type { Day } from '../../contract/views/day.ts';
import { count, duration, megabytes, moment, NOTHING, percent, plural } from '../../contract/in-words.ts';
import type { MachineView } from '../../contract/views/machine-view.ts';
import { EXIT } from '../exits.ts';
import { gatewayOf } from '../gateway/gateway-client.ts';
import type { Run } from '../command-host.ts';
import { fleetStatus } from './fleet-picture.ts';
import type { Tone } from '../terminal/paint.ts';
import { facts, wrapped, type Cell } from '../terminal/table.ts';

const TONES: Readonly<Record<Health['status'], Tone>> = { healthy: 'good', degraded: 'warn', unhealthy: 'bad' };

export const status: Run<'status'> = async ({ options }, host) => {
  const { terminal } = host;
  const gateway = await gatewayOf(options, host);
  if (options.fleet) return await fleetStatus(gateway, { json: options.json, terminal });
  const health = await gateway.ask<Health>('GET', '/health');
  if (options.json) {
    terminal.write(`${JSON.stringify(health)}\n`);
  } else {
    // Unavailable to callers without the right, and on older gateways.
    const day = await gateway.ask<Day>('GET', '/api/day').catch(() => undefined);
    terminal.write(facts([...factsOf(gateway.url, health), ...promptsOf(day)], terminal));
    for (const notice of health.notices ?? []) terminal.write(`\n${wrapped(notice, terminal.columns)}\n`);
  }
  return health.status === 'unhealthy' ? EXIT.unavailable : EXIT.ok;
};

function factsOf(url: string, health: Health): readonly (readonly [string, string | Cell])[] {
  const { status: state, version, uptime_ms, upstream, queue, cache, mode, stuck } = health;
  return [
    ['Hearth', { text: `${state}, version ${version} at ${url}, up for ${duration(uptime_ms)}`, tone: TONES[state] }],
    ...(health.upstreams?.map((machine) => [machine.name, machineOf(machine)] as const) ?? [
      ['Ollama', ollamaOf(upstream)] as const,
    ]),
    ['Model', modelOf(upstream)],
    ['Line', `${queue.running} running, ${queue.length} waiting${queue.paused ? '; new work is paused' : ''}`],
    ...(stuck === undefined ? [] : [['Stuck', stuckOf(stuck)] as const]),
    ['Cache', `${plural(cache.entries, 'answer')} in memory, ${megabytes(cache.size_mb)}${diskOf(cache)}`],
    ...(mode === 'live' ? [] : [['Mode', { text: mode, tone: 'warn' }] as const]),
  ];
}

type Seen = Pick<Health['upstream'], 'state' | 'url' | 'version' | 'latency_ms'> & { readonly reason?: string | null };

function ollamaOf({ state, url, version, latency_ms, reason }: Seen): Cell {
  if (state === 'unknown') return { text: `not yet looked at, ${url}` };
  if (state === 'down') return { text: `down at ${url}. ${reason ?? ''}`, tone: 'bad' };
  const speed = latency_ms === null ? NOTHING : duration(latency_ms);
  return { text: `up, version ${version ?? NOTHING} at ${url}, answers in ${speed}` };
}

/** One of several machines. */
function machineOf({ state, url, version, latency_ms, reason, running, waiting, waking_ms }: MachineView): Cell {
  const line = running + waiting === 0 ? '' : `; ${running} running, ${waiting} waiting`;
  if (state === 'waking') return { text: `waking, ${duration(waking_ms ?? 0)}${line}`, tone: 'warn' };
  const how = ollamaOf({ state, url, version, latency_ms, reason });
  return { ...how, text: `${how.text}${line}` };
}

function modelOf({ model, model_available, models_unknown, model_loaded }: Health['upstream']): Cell {
  if (models_unknown === true) return { text: `${model}; it is not known what is installed`, tone: 'warn' };
  if (!model_available)
    return { text: `${model}, not installed. Install it: hearth models pull ${model}`, tone: 'bad' };
  return { text: `${model}, ${model_loaded ? 'in memory' : 'not loaded'}` };
}

function stuckOf({ model, silent_ms }: NonNullable<Health['stuck']>): Cell {
  return { text: `${model} has given nothing for ${duration(silent_ms)}`, tone: 'bad' };
}

function diskOf({ disk }: Health['cache']): string {
  return disk === undefined ? '; nothing on disk' : `; ${count(disk.entries)} on disk, ${megabytes(disk.size_mb)}`;
}

/**
 * How much of the last day's prompts was read, and the share of reusable tokens that was reused; empty before the
 * first.
 */
function promptsOf(day: Day | undefined): readonly (readonly [string, string])[] {
  if (day === undefined || day.prompts.sent_tokens === 0) return [];
  const { sent_tokens, processed_tokens, reused_tokens, reusable_tokens } = day.prompts;
  const read = `${count(processed_tokens)} of ${plural(sent_tokens, 'token')} read`;
  const reused = reusable_tokens === 0 ? '' : `, reused ${percent(reused_tokens / reusable_tokens)} of what could be`;
  return [['Prompts', `${read}${reused}, since ${moment(Date.parse(day.since), Date.parse(day.until))}`]];
}
