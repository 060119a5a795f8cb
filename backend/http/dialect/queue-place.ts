// The place of a request in the queue: what it asks for by X-Queue-Priority or `priority`, else what the rules say.
import type { IncomingMessage } from 'node:http';
import { type Place, PRIORITY, QUEUE_CLASSES, type Urgency } from '../../contract/chat/chat-request.ts';
import type { Config } from '../../contract/config/config.ts';
import type { KeepAliveRule } from '../../contract/rules/queue-rule.ts';
import type { UpstreamRequest } from '../../core/ports.ts';
import { profileNamed } from '../../core/models/profiles.ts';
import { classOf, type Facts } from '../../core/queue/classes.ts';
import { callerOf, isForAnother, mayGoFirst, shownKey } from '../door/caller.ts';
import { header } from '../wire/header.ts';
import type { CacheFields } from './asking.ts';

/** The parts of a request that decide its place in the queue. */
export interface Standing {
  readonly request: UpstreamRequest;
  readonly ours: Pick<CacheFields, 'priority'>;
  readonly stream: boolean;
  /** The profile that the request named, where its model is another. */
  readonly name?: string | undefined;
}

/** A place in the queue, and the caller's name under which it waits. */
export interface NamedPlace extends Place {
  readonly caller: string;
  /** Whose keep_alive counts, if a rule says so. */
  readonly keepAlive: KeepAliveRule | undefined;
}

/** Shown in place of a rule when the request chose its class itself. */
const BY_REQUEST = 'the request';

/**
 * The place of a request in the queue. A caller who may not go first is treated as if it had not asked. The caller
 * chose its profile, so the profile's class wins over the rules.
 */
export function placeOf(req: IncomingMessage, asked: Standing, { queue, models }: Config): NamedPlace {
  const { name } = asked;
  const { caller, keepAlive, ...ruled } = classOf(factsOf(req, asked), queue.rules);
  const own = name === undefined ? undefined : profileNamed(models, name);
  const { class: given, by } = own?.class === undefined ? ruled : { class: own.class, by: `profile ${own.name}` };
  // A gateway in front of this one has decided by header and hands bodies on unchanged, so the header wins.
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

/** Several callers behind one key each take turns, under a name that begins with the key's name. */
function namedFor(req: IncomingMessage, caller: string): string {
  const key = shownKey(req);
  return (key === undefined ? caller : `${key.name}: ${caller}`).slice(0, 200);
}

/** Reads a priority number or word; an empty result leaves the place to the rules. An unknown word means normal. */
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

/** Words and numeric strings of programs that know no classes. */
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
    // Unknown for a request that is handed on unchanged.
    tools: messages === undefined && prompt === undefined ? undefined : Array.isArray(tools) && tools.length > 0,
    maxTokens: typeof limit === 'number' && limit > 0 ? limit : undefined,
    prompt: () => promptOf(request),
  };
}

/** The first text of a request that is not a system message. */
function promptOf({ messages, prompt }: UpstreamRequest): string {
  const said = Array.isArray(messages) ? (messages as readonly { role?: unknown; content?: unknown }[]) : [];
  const first = said.find(({ role }) => role !== 'system')?.content ?? prompt;
  return typeof first === 'string' ? first : '';
}
