// `hearth warm`, `hearth unload`, `hearth clear`: commands that the gateway carries out at once.
import type { Action, ActionResult } from '../../contract/views/control.ts';
import { bytes, duration, megabytes, plural } from '../../contract/in-words.ts';
import { amountIn } from '../../contract/units.ts';
import { UsageError } from '../exits.ts';
import { gatewayOf, type RemoteOptions } from '../gateway/gateway-client.ts';
import type { Host, Run } from '../command-host.ts';

export const warm: Run<'warm'> = async ({ args: [model], options }, host) => {
  await act('warm_model', { model }, options, host, (done) => {
    const time = done.load_ms === undefined ? '' : ` It took ${duration(done.load_ms)}.`;
    return `${done.model ?? 'The model'} is in memory.${time}`;
  });
};

export const unload: Run<'unload'> = async ({ args: [model], options }, host) => {
  if (options.idle) return await act('unload_idle', {}, options, host, freedWords);
  await act('unload_model', { model }, options, host, (done) => `${done.model ?? 'The model'} is out of memory.`);
};

function freedWords({ unloaded = [], in_use: inUse = [], refused = [], freed_bytes = 0 }: ActionResult): string {
  const used = inUse.length === 0 ? '' : ` In use, and so kept: ${inUse.join(', ')}.`;
  const kept = refused.length === 0 ? used : `${used} Ollama did not unload: ${refused.join(', ')}.`;
  if (unloaded.length === 0) return `Nothing was to be unloaded.${kept}`;
  return `Out of memory: ${unloaded.join(', ')}, ${bytes(freed_bytes)}.${kept}`;
}

export const clear: Run<'clear'> = async ({ options }, host) => {
  const data = { model: options.model, older_than_s: secondsOf(options['older-than']) };
  await act('clear', data, options, host, ({ removed = 0, freed_bytes = 0, pending }) => {
    const forgotten = `${plural(removed, 'answer')} forgotten, ${megabytes(freed_bytes / 1024 / 1024)} free.`;
    return pending === undefined ? forgotten : `${forgotten} ${pending}`;
  });
};

async function act(
  action: Action,
  data: object,
  options: RemoteOptions & { readonly json: boolean },
  host: Host,
  told: (done: ActionResult) => string,
): Promise<void> {
  const gateway = await gatewayOf(options, host);
  const done = await gateway.ask<ActionResult>('POST', '/api/cache-stats', { action, data });
  if (options.json) host.terminal.write(`${JSON.stringify(done)}\n`);
  else host.terminal.tell(`${told(done).replaceAll('\u202F', ' ')}\n`);
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = amountIn(text, 's');
  if (seconds === undefined || seconds < 0) throw new UsageError('--older-than needs a time such as 30min, 2h or 3d.');
  return seconds;
}
