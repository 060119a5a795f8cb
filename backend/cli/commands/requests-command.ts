// `hearth requests`: which app asked what, how it was answered and how long that took; and one request in full.
import { isCalled, shownCaller } from '../../contract/apps.ts';
import type { RequestFact, RequestList } from '../../contract/views/control.ts';
import { count, duration, moment } from '../../contract/in-words.ts';
import type { RequestDetail } from '../../contract/views/request-detail.ts';
import { amountIn } from '../../contract/units.ts';
import type { OptionsOf } from '../command-table.ts';
import { UsageError } from '../exits.ts';
import { gatewayOf, type Gateway } from '../gateway/gateway-client.ts';
import { liveEvents } from '../gateway/live-events.ts';
import type { Host, Run, Terminal } from '../command-host.ts';
import type { Tone } from '../terminal/paint.ts';
import { table, type Cell, type Column } from '../terminal/table.ts';
import { detailText } from './request-text.ts';

/** Default number of rows. */
const USUAL = 20;
/** The gateway's maximum per page. */
const MOST_PAGE = 500;

type Options = OptionsOf<'requests'>;

export const requests: Run<'requests'> = async ({ options }, host) => {
  const limit = wholeOf(options.limit ?? String(USUAL));
  const gateway = await gatewayOf(options, host);
  const found = await newest(gateway, queryOf(options, host.now()), limit);
  // Newest last, as in a log, where more will follow.
  if (options.follow) found.reverse();
  const { terminal } = host;
  if (options.json) for (const each of found) terminal.write(`${JSON.stringify(each)}\n`);
  else if (found.length > 0) terminal.write(requestRows(found, terminal, host.now()));
  else if (!options.follow) terminal.tell('No request is like this.\n');
  if (options.follow) await follow(gateway, options, host);
};

export const showRequest: Run<'requests show'> = async ({ args: [id], options }, host) => {
  const gateway = await gatewayOf(options, host);
  const found = await gateway.ask<RequestFact & { readonly detail?: RequestDetail }>(
    'GET',
    `/api/requests/${encodeURIComponent(id)}`,
  );
  host.terminal.write(options.json ? `${JSON.stringify(found)}\n` : detailText(found, host.terminal, host.now()));
};

function wholeOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--limit needs a whole number from 1. It was ${text}.`);
}

/** The filters as query parameters. */
function queryOf(options: Options, now: number): URLSearchParams {
  const query = new URLSearchParams();
  const filters = {
    app: options.app,
    model: options.model,
    source: options.source,
    class: options.class,
    status: options.status,
    from: timeOf(options.since, now, '--since'),
    to: timeOf(options.until, now, '--until'),
    q: options.search,
  };
  for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
  return query;
}

/** "2h" means two hours ago; otherwise an absolute time as Date.parse reads it. */
function timeOf(text: string | undefined, now: number, option: string): string | undefined {
  if (text === undefined) return undefined;
  const ago = /^\d{4}-/.test(text) ? undefined : amountIn(text, 's');
  const at = ago === undefined ? Date.parse(text) : now - ago * 1000;
  if (Number.isNaN(at))
    throw new UsageError(`${option} needs a time, as in 2026-05-01T09:30, or how long ago, as in 2h.`);
  return new Date(at).toISOString();
}

/** Page by page, newest first. */
async function newest(gateway: Gateway, query: URLSearchParams, limit: number): Promise<RequestFact[]> {
  const found: RequestFact[] = [];
  let cursor: string | null = null;
  do {
    query.set('limit', String(Math.min(MOST_PAGE, limit - found.length)));
    if (cursor !== null) query.set('cursor', cursor);
    const page: RequestList = await gateway.ask<RequestList>('GET', `/api/requests?${query.toString()}`);
    found.push(...page.requests);
    cursor = page.next;
  } while (cursor !== null && found.length < limit);
  return found;
}

/** Prints requests as they end, until the user stops the command. */
async function follow(gateway: Gateway, options: Options, { terminal, now }: Host): Promise<void> {
  for await (const event of liveEvents(gateway)) {
    if (event.name !== 'request') continue;
    const wanted = event.data.ended.filter((each) => isWanted(each, options));
    if (options.json) for (const each of wanted) terminal.write(`${JSON.stringify(each)}\n`);
    else if (wanted.length > 0) terminal.write(requestRows(wanted, terminal, now()).replace(/^.*\n/, ''));
  }
}

/** The same filters for live events. */
function isWanted(fact: RequestFact, { app, model, source, class: of, status, search }: Options): boolean {
  const text = [fact.request_id, fact.caller, shownCaller(fact.caller), fact.model, fact.route]
    .join('\n')
    .toLowerCase();
  return (
    (app === undefined || isCalled(fact.caller, app)) &&
    (model === undefined || fact.model === model) &&
    (source === undefined || fact.source === source) &&
    (of === undefined || fact.class === of) &&
    (status === undefined || fact.status === status) &&
    (search === undefined || text.includes(search.toLowerCase()))
  );
}

const COLUMNS: readonly Column[] = [
  { title: 'When' },
  { title: 'App', cutTo: 8 },
  { title: 'Model', cutTo: 8 },
  { title: 'Answered', cutTo: 6 },
  { title: 'Waited', right: true, spare: 3 },
  { title: 'First', right: true, spare: 4 },
  { title: 'Took', right: true },
  { title: 'Tokens', right: true, spare: 2 },
  { title: 'Id', spare: 1 },
];

/** One row per request. */
export function requestRows(
  found: readonly RequestFact[],
  terminal: Pick<Terminal, 'columns' | 'hasColours'>,
  now: number,
): string {
  const rows = found.map((fact) => [
    moment(Date.parse(fact.created_at), now),
    shownCaller(fact.caller),
    fact.model,
    answeredOf(fact),
    duration(fact.queue_ms),
    duration(fact.ttft_ms),
    { text: duration(fact.total_ms), ...(fact.slow === true ? { tone: 'warn' as const } : {}) },
    fact.tokens === undefined ? '' : count(fact.tokens),
    fact.request_id,
  ]);
  return table(COLUMNS, rows, terminal);
}

const TONES: Readonly<Record<RequestFact['status'], Tone>> = {
  queued: 'dim',
  processing: 'heat',
  completed: 'good',
  failed: 'bad',
  cancelled: 'dim',
  expired: 'bad',
};

function answeredOf({ status, source, code }: RequestFact): Cell {
  const told = status === 'completed' ? source : (code ?? status);
  return { text: told, tone: TONES[status] };
}
