// Which place in line a request has: what it asks for itself by X-Queue-Priority or `priority`, else what the rules say.
import type { IncomingMessage } from 'node:http';
import { type Place, PRIORITY, QUEUE_CLASSES, type Urgency } from '../../contract/chat/chat-request.ts';
import type { Config } from '../../contract/config/config.ts';
import type { KeepAliveRule } from '../../contract/queue-rule.ts';
import type { UpstreamRequest } from '../../core/ports.ts';
import { profileNamed } from '../../core/models/profiles.ts';
import { classOf, type Facts } from '../../core/queue/classes.ts';
import { callerOf, isForAnother, mayGoFirst, shownKey } from '../door/caller.ts';
import { header } from '../wire/header.ts';
import type { CacheFields } from './asking.ts';

/** What of a request decides its place in line. */
export interface Standing {
  readonly request: UpstreamRequest;
  readonly ours: Pick<CacheFields, 'priority'>;
  readonly stream: boolean;
  /** The profile that it named, where its model is another. */
  readonly name?: string | undefined;
}

/** A place in line, and under which name somebody waits there. */
export interface NamedPlace extends Place {
  readonly caller: string;
  /** Whose keep_alive counts, where a rule says it. */
  readonly keepAlive: KeepAliveRule | undefined;
}

/** What stands for the rule where the request says its class itself. */
const BY_REQUEST = 'the request';

/**
 * The place of a request in line. A caller who may not go first is treated as if it had not asked. The caller chose its
 * profile, so the profile's class goes before the rules.
 */
export function placeOf(req: IncomingMessage, asked: Standing, { queue, models }: Config): NamedPlace {
  const { name } = asked;
  const { caller, keepAlive, ...ruled } = classOf(factsOf(req, asked), queue.rules);
  const own = name === undefined ? undefined : profileNamed(models, name);
  const { class: given, by } = own?.class === undefined ? ruled : { class: own.class, by: `profile ${own.name}` };
  // A gateway before this one has decided, and hands bodies on as they came.
  const said = [asked.ours.priority, header(req, 'x-queue-priority')] as const;
  const [first, second] = isForAnother(req) ? said.toReversed() : said;
  const { urgency, unknownWord } = askedFor(first ?? second ?? undefined);
  const isHeard = urgency !== undefined && (urgency.class !== 'interactive' || mayGoFirst(req));
  return {
    ...(isHeard ? { ...urgency, classBy: BY_REQUEST } : { class: given, priority: PRIORITY.usual, classBy: by }),
    unknownWord,
    keepAlive,
    caller: caller === undefined ? callerOf(req) : namedFor(req, caller),
  };
}

/** Several callers with one key each have a turn of their own, under the name of that key. */
function namedFor(req: IncomingMessage, caller: string): string {
  const key = shownKey(req);
  return (key === undefined ? caller : `${key.name}: ${caller}`).slice(0, 200);
}

/** A number or a word as a place in line; nothing where it leaves that to the rules. An unknown word means normal. */
function askedFor(wish: string | number | undefined): {
  readonly urgency?: Urgency;
  readonly unknownWord: string | undefined;
} {
  const word = typeof wish === 'string' ? wish.trim().toLowerCase() : '';
  const number = typeof wish === 'number' ? wish : numberOf(word);
  if (number !== undefined) return { ...numbered(number), unknownWord: undefined };
  if (word === '') return { unknownWord: undefined };
  const known = QUEUE_CLASSES.find((name) => name === word);
  const urgency = { class: known ?? 'normal', priority: PRIORITY.usual } as const;
  return { urgency, unknownWord: known === undefined ? word : undefined };
}

/** The words and the numbers in text of programs that know no classes. */
function numberOf(word: string): number | undefined {
  if (word === 'high' || word === 'low') return PRIORITY[word];
  const number = /^[+-]?\d{1,3}$/.test(word) ? Number(word) : Number.NaN;
  return number >= PRIORITY.least && number <= PRIORITY.most ? number : undefined;
}

function numbered(priority: number): { readonly urgency?: Urgency } {
  if (priority === PRIORITY.usual) return {};
  return { urgency: { class: priority < PRIORITY.usual ? 'interactive' : 'background', priority } };
}

function factsOf(req: IncomingMessage, { request, stream, name = request.model }: Standing): Facts {
  const { options, tools, messages, prompt } = request;
  const limit = options?.['num_predict'];
  return {
    header: (name) => header(req, name),
    path: (req.url ?? '/').replace(/\?.*$/s, ''),
    model: name,
    stream,
    // Not known of a request that is handed on unchanged.
    tools: messages === undefined && prompt === undefined ? undefined : Array.isArray(tools) && tools.length > 0,
    maxTokens: typeof limit === 'number' && limit > 0 ? limit : undefined,
    prompt: () => promptOf(request),
  };
}

/** The first text of a request that is not the system's. */
function promptOf({ messages, prompt }: UpstreamRequest): string {
  const said = Array.isArray(messages) ? (messages as readonly { role?: unknown; content?: unknown }[]) : [];
  const first = said.find(({ role }) => role !== 'system')?.content ?? prompt;
  return typeof first === 'string' ? first : '';
}
