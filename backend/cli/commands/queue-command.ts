// `hearth queue` and `hearth cancel`: lists running and waiting requests, and cancels one.
import { shownCaller } from '../../contract/apps.ts';
import type { WaitsFor } from '../../contract/chat/waits-for.ts';
import { clockDuration, eta, NOTHING, plural } from '../../contract/in-words.ts';
import type { QueueEntry, QueueView } from '../../contract/views/queue-view.ts';
import { gatewayOf } from '../gateway/gateway-client.ts';
import type { Run, Terminal } from '../command-host.ts';
import { table, type Cell } from '../terminal/table.ts';

export const queue: Run<'queue'> = async ({ options }, host) => {
  const { terminal } = host;
  const view = await (await gatewayOf(options, host)).ask<QueueView>('GET', '/api/chat-queue');
  terminal.write(options.json ? `${JSON.stringify(view)}\n` : lineText(view, terminal));
};

export const cancel: Run<'cancel'> = async ({ args: [id], options }, host) => {
  const gateway = await gatewayOf(options, host);
  const answer = await gateway.ask<object>('POST', `/api/requests/${encodeURIComponent(id)}/cancel`);
  if (options.json) host.terminal.write(`${JSON.stringify(answer)}\n`);
  else host.terminal.tell(`${id} is cancelled.\n`);
};

/** All running and waiting requests, in order. */
export function lineText(
  { running, waiting, behind, paused, batches }: QueueView,
  terminal: Pick<Terminal, 'columns' | 'hasColours'>,
): string {
  const entries = [...running, ...waiting];
  const more = [
    paused ? 'New work is paused: what waits stays where it is.' : '',
    behind > 0 ? `${plural(behind, 'job')} on disk wait until there is room in line.` : '',
    ...batches.map(({ batch_id, counts: { completed, total } }) => `Batch ${batch_id}: ${completed} of ${total} done.`),
  ].filter((line) => line !== '');
  const lines = entries.length === 0 ? 'Nothing runs and nothing waits.\n' : rowsOf(entries, terminal);
  return lines + more.map((line) => `${line}\n`).join('');
}

function rowsOf(entries: readonly QueueEntry[], terminal: Pick<Terminal, 'columns' | 'hasColours'>): string {
  return table(
    [
      { title: '#', right: true },
      { title: 'App', cutTo: 8 },
      { title: 'Model', cutTo: 8 },
      { title: 'Class', spare: 2 },
      { title: 'State', cutTo: 10 },
      { title: 'Since', right: true },
      { title: 'Tokens', right: true, spare: 3 },
      { title: 'Id', spare: 1 },
    ],
    entries.map((entry) => [
      entry.queue_position === 0 ? '' : String(entry.queue_position),
      shownCaller(entry.caller),
      entry.model,
      entry.class,
      stateOf(entry),
      clockDuration(entry.age_ms),
      entry.tokens === 0 ? NOTHING : String(entry.tokens),
      entry.request_id,
    ]),
    terminal,
  );
}

function stateOf({ phase, late, estimated_wait_time, waits_for, upstream, silent_ms, inner }: QueueEntry): Cell {
  if (inner !== undefined) {
    return {
      text: `number ${inner.queue_position} in line at ${upstream ?? 'the Hearth behind'}, ${eta(inner.estimated_wait_time)}`,
    };
  }
  if (phase === 'running') {
    return late ? { text: 'running, longer than expected', tone: 'heat' } : { text: 'running', tone: 'heat' };
  }
  if (phase === 'loading') return { text: `loading the model, ${clockDuration(silent_ms ?? 0)}`, tone: 'heat' };
  if (waits_for === 'waking') return { text: `waking ${upstream ?? 'its machine'}, ${eta(estimated_wait_time)}` };
  if (waits_for !== undefined) return { text: WAITS[waits_for] };
  return { text: late ? 'waiting, the one before takes longer' : `waiting, ${eta(estimated_wait_time)}` };
}

const WAITS: Readonly<Record<Exclude<WaitsFor, 'waking'>, string>> = {
  ollama: 'waiting for Ollama to come back',
  settling: 'waiting until its app is quiet',
  people: 'waiting: people go first',
};
