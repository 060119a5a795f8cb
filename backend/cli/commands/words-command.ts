// Words for shell completion: names of models, ids of requests, names of keys, one per line. Empty if they are not
// available quickly.
import type { RequestList } from '../../contract/views/control.ts';
import type { QueueView } from '../../contract/views/queue-view.ts';
import { gatewayOf } from '../gateway/gateway-client.ts';
import type { Host, Run } from '../command-host.ts';

/** The user waits for the next key. Milliseconds. */
const SOON_MS = 1000;
/** Newest requests, live or ended; `hearth requests` finds older ones. */
const MOST_REQUESTS = 50;
const NO_OPTIONS = { url: undefined, config: undefined, 'api-key': undefined, 'api-key-file': undefined };

export const words: Run<'__words'> = async ({ args: [kind] }, host) => {
  const found = await wordsOf(kind, { ...host, signal: AbortSignal.any([host.signal, AbortSignal.timeout(SOON_MS)]) });
  host.terminal.write(found.map((word) => `${word}\n`).join(''));
};

async function wordsOf(kind: string, host: Host): Promise<readonly string[]> {
  if (kind === 'key') {
    const { keysInUse } = await import('./key-command.ts');
    return (await keysInUse(host)).map(({ name }) => name);
  }
  const gateway = await gatewayOf(NO_OPTIONS, host);
  if (kind === 'living') {
    const { running, waiting } = await gateway.ask<QueueView>('GET', '/api/chat-queue');
    return [...running, ...waiting].map(({ request_id }) => request_id);
  }
  if (kind === 'request') {
    const { requests } = await gateway.ask<RequestList>('GET', `/api/requests?limit=${MOST_REQUESTS}`);
    return requests.map(({ request_id }) => request_id);
  }
  const { models } = await gateway.ask<{ readonly models: readonly { readonly name: string }[] }>('GET', '/api/tags');
  return models.map(({ name }) => name);
}
