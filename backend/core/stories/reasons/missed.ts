// Why a request had no kept answer. Gathers the facts: what it asked, what became of the answer to the same question,
// and the nearest question whose answer is kept. core/explain turns them into a sentence.
import { hash } from 'node:crypto';
import { anyJson } from '../../../contract/go/exact-json.ts';
import type { Why } from '../../../contract/views/request-detail.ts';
import { counted, listed, shown, tablesApart, type Table } from '../../value-differences.ts';
import { sentence, type Sentence } from '../../../contract/sentence.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import { NOT_IN_KEY, tellingOptions } from '../../cache/fingerprint.ts';
import { withoutIdle } from '../../cache/idle-options.ts';
import type { CachePlan, CacheWish } from '../../cache/policy.ts';
import type { FateFacts, MissedFacts, NearestFacts, SamplingFacts } from '../../explain/missed-facts.ts';
import { whyMissed } from '../../explain/why-missed.ts';
import type { Modelfiles } from '../../models/modelfiles.ts';
import { isCloudName } from '../../models/names.ts';
import { nameOfSpace } from '../../ownership.ts';
import type { StoreFigures } from '../../disk.ts';
import type { Clock, InstalledModel, ReadConfig, UpstreamRequest, Watch } from '../../ports.ts';
import type { Asked, Comparison } from '../../prompts/asked-before.ts';
import { AT_END, AT_OWN_END, partingOf, type Parting } from '../../prompts/parting.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { safePiece } from '../../requests/shown-text.ts';

export interface MissedParts {
  readonly config: ReadConfig;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly watch: Pick<Watch, 'state'>;
  readonly cache: Pick<ResponseCache, 'fateOf' | 'holds' | 'onDisk'>;
  readonly modelfiles: Pick<Modelfiles, 'known'>;
  /** Its machine, when there are several. */
  readonly place?: { readonly name: string } | undefined;
  /** When Hearth started, in milliseconds on the monotonic clock. */
  readonly startedAt: number;
}

/** The parts of a request that matter to the cache. */
interface Wanted {
  readonly ticket: Pick<Ticket, 'createdAt' | 'model'>;
  readonly call: Pick<ChatCall, 'wishes' | 'cacheByDefault'>;
  readonly request: UpstreamRequest;
  readonly model: InstalledModel | undefined;
  readonly plan: CachePlan;
}

/** A request to /api/chat or /api/generate, and what was asked before it. */
export interface RunMissed extends Wanted {
  readonly asked: Asked;
  readonly earlier: Comparison;
}

/** Why a run was needed. */
export function whyRunMissed(parts: MissedParts, { asked, earlier, ...wanted }: RunMissed): Why | undefined {
  const facts = planFacts(parts, wanted);
  if (facts.bypass !== undefined) return whyMissed(facts);
  const fate = asked.key === undefined ? undefined : fateFacts(parts, asked.key, wanted.ticket);
  if (fate !== undefined) return whyMissed({ ...facts, fate });
  const far = ({ fields, of }: Asked): number => distance(asked.fields, fields) + distance(asked.of, of);
  const nearest = earlier.nearestKept((key) => parts.cache.holds(key), far);
  return whyMissed({ ...facts, nearest: nearest && nearestFacts(asked, nearest), wasKept: earlier.wasKept });
}

/** A request for vectors: the number of its texts, and the keys of those without a kept vector. */
export interface TextsMissed extends Wanted {
  readonly texts: number;
  readonly missing: readonly (string | undefined)[];
}

/** How many texts have their fates looked up. */
const MOST_TEXTS = 100;

/** Why texts were read again. The fate is given only if all of them share it. */
export function whyTextsMissed(parts: MissedParts, { texts, missing, ...wanted }: TextsMissed): Why | undefined {
  const facts = planFacts(parts, wanted);
  const fates = missing
    .slice(0, MOST_TEXTS)
    .map((key) => (key === undefined ? undefined : fateFacts(parts, key, wanted.ticket)));
  const [first] = fates;
  const fate = fates.every((each) => each?.loss === first?.loss && isExpired(each) === isExpired(first))
    ? first
    : undefined;
  return whyMissed({ ...facts, fate, texts: { all: texts, missing: missing.length } });
}

const isExpired = (fate: FateFacts | undefined): boolean => fate?.kept?.expiredMs !== undefined;

/** Why a request that shares a run, or is handed on unchanged, was not answered from the cache. */
export function whyNotAsked(model: string, way: 'shared' | 'handed_on'): Why | undefined {
  return whyMissed({ ...NOTHING, model, way });
}

const NOTHING: Omit<MissedFacts, 'model' | 'way'> = {
  isCloud: false,
  bypass: undefined,
  isAgain: false,
  isAsked: false,
  maxAgeS: undefined,
  isNeverKept: false,
  sampling: undefined,
  freshWhen: [],
  largestMb: 0,
  isShared: true,
  fate: undefined,
  nearest: undefined,
  wasKept: false,
  texts: undefined,
  upMs: 0,
};

function planFacts({ config, clock, modelfiles, startedAt }: MissedParts, wanted: Wanted): MissedFacts {
  const { ticket, call, request, model, plan } = wanted;
  const { cache: settings, batch } = config();
  const isCloud = model?.remote === true || isCloudName(request.model);
  return {
    // Before the spread: Node 20 takes more than a microsecond for each field after it that it does not contain.
    way: 'run',
    model: ticket.model,
    ...NOTHING,
    isCloud,
    bypass: plan.bypass,
    isAgain: call.wishes.some(({ again }) => again === true),
    isAsked: readWish(call.wishes) === false,
    maxAgeS: plan.maxAge,
    isNeverKept: call.cacheByDefault === 'off',
    sampling:
      call.cacheByDefault === 'deterministic' && plan.bypass === 'requested'
        ? samplingOf(request, model && modelfiles.known(model.digest)?.parameters)
        : undefined,
    freshWhen: settings.fresh_when,
    largestMb: settings.max_entry_mb,
    isShared: batch.enable_deduplication,
    upMs: clock.elapsed() - startedAt,
  };
}

/** Eviction leaves at least this share of the limit in use, so a store above it counts as full. */
const FULL = 0.8;

function diskOf(figures: StoreFigures | undefined): FateFacts['disk'] {
  if (figures === undefined) return 'unused';
  return figures.bytes >= FULL * figures.max_bytes ? 'full' : 'roomy';
}

function readWish(wishes: readonly CacheWish[]): boolean | undefined {
  return wishes.find(({ read }) => read !== undefined)?.read;
}

/** Ollama's default (api/types.go DefaultOptions). */
const DEFAULT_TEMPERATURE = 0.8;

function samplingOf(
  { options }: UpstreamRequest,
  parameters: ReadonlyMap<string, readonly string[]> | undefined,
): SamplingFacts {
  const asked = options?.['temperature'];
  if (typeof asked === 'number') return { temperature: asked, by: 'app' };
  const set = Number(parameters?.get('temperature')?.at(-1) ?? Number.NaN);
  return Number.isNaN(set) ? { temperature: DEFAULT_TEMPERATURE, by: 'Ollama' } : { temperature: set, by: 'Modelfile' };
}

function fateFacts(
  { cache }: MissedParts,
  key: string,
  { createdAt }: Pick<Ticket, 'createdAt'>,
): FateFacts | undefined {
  const fate = cache.fateOf(key);
  if (fate === undefined) return undefined;
  const { loss, at, kept } = fate;
  return {
    loss,
    agoMs: Math.max(0, createdAt - at),
    kept: kept && {
      agoMs: createdAt - kept.at,
      forMs: kept.expiresAt - kept.at,
      expiredMs: kept.expiresAt <= createdAt ? createdAt - kept.expiresAt : undefined,
    },
    isLater: kept !== undefined && kept.at > createdAt,
    disk: diskOf(cache.onDisk),
  };
}

// ---- how the nearest question differs

/** Fields that belong to the prompt (core/prompts) and are compared there. */
const IN_PROMPT: ReadonlySet<string> = new Set([
  'messages',
  'tools',
  'template',
  'system',
  'prompt',
  'suffix',
  'context',
  'images',
]);

/** Longer values, in characters of JSON, are stored as a hash. */
const LONGEST = 60;

/** What a request asks besides its prompt, if it is part of the key: options by name, and long values as hashes. */
export function fieldsOf(
  { modelfiles }: MissedParts,
  { options = {}, ...request }: UpstreamRequest,
  model: InstalledModel | undefined,
): Table {
  const parameters = (model && modelfiles.known(model.digest)?.parameters) ?? new Map<string, never>();
  const fields: Record<string, unknown> = Object.fromEntries(tellingOptions(withoutIdle(options, parameters)));
  for (const [name, value] of Object.entries(request)) {
    if (NOT_IN_KEY.has(name) || IN_PROMPT.has(name) || value === undefined || value === null) continue;
    const text = anyJson(value);
    fields[name] = text.length <= LONGEST ? value : { sha256: hash('sha256', text) };
  }
  return fields;
}

/** The model and machine that are asked, and on whose behalf. */
export function aboutOf(
  { watch, place }: MissedParts,
  { namespace, family }: Pick<ChatCall, 'namespace' | 'family'>,
  model: InstalledModel | undefined,
): Table {
  const { url: address, version } = watch.state;
  // A kept answer of one machine is valid for any other, so the address does not count.
  const url = place === undefined ? address : '';
  return { url, version, digest: model?.digest, namespace: nameOfSpace(namespace), family };
}

function distance(ours: Table, theirs: Table): number {
  return tablesApart(ours, theirs).reduce((all, { distance: own }) => all + own, 0);
}

function nearestFacts(asked: Asked, nearest: Asked): NearestFacts {
  const parting = partingOf(asked, nearest, safePiece);
  const fields = tablesApart(asked.fields, nearest.fields).flatMap(({ differences }) => differences);
  const said = [...promptDiffers(parting, asked, nearest), ...fields];
  const isOther = (name: string): boolean => asked.of[name] !== nearest.of[name];
  const about = [
    ...(isOther('digest') ? [sentence`the model was updated`] : []),
    ...(isOther('version') ? [sentence`Ollama was updated`] : []),
    ...(isOther('url') ? [sentence`another address of Ollama`] : []),
    ...(isOther('namespace') ? [sentence`another namespace`] : []),
    ...(isOther('family') ? [sentence`another route of Ollama`] : []),
  ];
  const all = [...said, ...about];
  const versions = [nearest.of['version'], asked.of['version']] as const;
  return {
    isLike: (parting.same + (parting.sameAfter ?? 0)) * 2 >= parting.all,
    isSame: said.length === 0,
    differences: all.length === 0 ? '' : listed(all).told,
    isOtherContext: all.length === 1 && asked.fields['num_ctx'] !== nearest.fields['num_ctx'],
    model: isOther('digest'),
    address: isOther('url'),
    namespace: isOther('namespace'),
    versions: isOther('version')
      ? [String(versions[0] ?? 'an unknown version'), String(versions[1] ?? 'an unknown one')]
      : undefined,
  };
}

/** Where two prompts differ, in words; empty when they are the same. */
function promptDiffers({ where, what, character, block }: Parting, asked: Asked, nearest: Asked): readonly Sentence[] {
  const more = messagesIn(asked) - messagesIn(nearest);
  const length = more === 0 ? [] : [sentence`${counted(Math.abs(more), 'message')} ${more > 0 ? 'more' : 'fewer'}`];
  if (where === AT_END || where === AT_OWN_END) return length;
  const verb = where === 'the tools' ? 'differ' : 'differs';
  if (what === 'another order') return [sentence`${where} ${verb} in their order`, ...length];
  const from = sentence`${where} ${verb} from ${block > 1 ? 'about ' : ''}character ${shown(character ?? 1)}`;
  return [what === undefined ? from : sentence`${from} (${what})`, ...length];
}

const messagesIn = ({ outline }: Asked): number => outline.parts.filter(({ name }) => name !== 'the tools').length;
