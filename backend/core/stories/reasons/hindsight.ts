// What is found out about a run once its request has gone up, off its road: where its prompt parts from the one before, what
// of it Ollama still had, and why there was no kept answer. Nothing waits for any of it, and a kept answer costs none of it.
import type { End } from '../../../contract/chat/chat.ts';
import { asAppError } from '../../../contract/errors.ts';
import type { Parted, Why } from '../../../contract/request-detail.ts';
import { LRUCache } from 'lru-cache';
import type { ResponseCache } from '../../cache/cache.ts';
import { AskedBefore, type Asked } from '../../prompts/asked-before.ts';
import { weightOfAll } from '../../prompts/outline.ts';
import { partingOf, type Parting } from '../../prompts/parting.ts';
import type { Reading } from '../../prompts/held.ts';
import { Prompt } from '../../prompts/read-once.ts';
import type { ReadConfig } from '../../ports.ts';
import { wholeRatio } from '../../prompt-size.ts';
import { cachedTokens, type Estimator } from '../../queue/estimate.ts';
import type { ChatCall, ToKeep } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Trace } from '../../requests/trace.ts';
import type { Unsettled } from '../chat/settle.ts';
import { pinDiffs } from './pin-diff.ts';
import { pinnableIn, savedFrom, type Pinnable } from './pinnable.ts';
import { iso } from '../standing.ts';
import { aboutOf, fieldsOf, type MissedParts, type TextsMissed, whyRunMissed, whyTextsMissed } from './missed.ts';
import { safePiece } from '../../requests/shown-text.ts';
import { unhurried } from '../../unhurried.ts';

export interface HindsightParts extends MissedParts {
  readonly cache: MissedParts['cache'] & Pick<ResponseCache, 'notKept'>;
  readonly config: ReadConfig;
  readonly estimator: Estimator;
}

/** A request that may go up, and what becomes of it. */
export interface Run {
  readonly call: ChatCall;
  /** As it was understood: what its key was made of. The model is undefined where it is not known. */
  readonly unsettled: Pick<Unsettled, 'request' | 'model'>;
  readonly outcome: ToKeep;
  /** Where it goes up; absent: where everything does. */
  readonly machine?: Where;
}

/** What is asked of the machine that it runs on. */
type Where = Pick<HindsightParts, 'watch' | 'modelfiles' | 'estimator' | 'place'>;

/** What is found out of one run. */
interface Found {
  readonly where: Where;
  readonly asked: Asked;
  readonly before: Asked | undefined;
  readonly parting: Parting | undefined;
  readonly pinnable: Pinnable | undefined;
}

interface Ended extends Found {
  readonly end: End;
  /** How much of its prompt its runner had read before, as a weight; undefined where it has none here. */
  readonly known?: number | undefined;
}

/** Is told how a run goes. */
export interface Look {
  /** What it asks, as the model reads it. */
  readonly prompt: Prompt;
  /** Its request goes up now. What is found out is in its trace soon after. */
  goesUp(reading?: Pick<Reading, 'known'>): void;
  /** It has come to its end, and what is kept of it is kept. */
  landed(end: End): void;
  /** The run, of which it is noted when it comes to no answer. */
  over(ran: Promise<void>): Promise<void>;
}

const MB = 1024 * 1024;
/** Models whose pace is remembered. */
const MOST_MODELS = 200;
/** Weight of the newest measurement, as in queue/estimate.ts. */
const ALPHA = 0.3;
/** A prompt of fewer tokens says more about the start of a run than about its pace. */
const LEAST_PROMPT = 64;
/** A prompt of which less than this was ever sent before is read as a whole. */
const NEW = 0.1;
/** Less than this is no reuse, but a machine that is faster today. */
const LEAST_REUSED = 0.25;

export class Hindsight {
  readonly #parts: HindsightParts;
  readonly #later: (work: () => void) => void;
  readonly #asked: AskedBefore;
  /** Milliseconds for each token of prompts that were read as a whole, by model. */
  readonly #paces = new LRUCache<string, number>({ max: MOST_MODELS });

  /** `later` runs what is not urgent once the request is on its way. */
  constructor(parts: HindsightParts, later: (work: () => void) => void = unhurried) {
    this.#parts = parts;
    this.#later = later;
    this.#asked = new AskedBefore(() => parts.config().log.prompts_mb * MB);
  }

  /** What looks at a run, for the request that began it. */
  at(ticket: Ticket, run: Run): Look {
    let found: Found | undefined;
    let known: number | undefined;
    let from: Pick<Reading, 'known'> | undefined;
    const prompt = new Prompt(run.unsettled.request);
    const look = (): Found => (found ??= this.#look(ticket, run, prompt));
    return {
      prompt,
      goesUp: (reading) => {
        from = reading;
        known = undefined;
        this.#later(() => {
          look();
          known = reading?.known;
        });
      },
      landed: (end) => this.#landed(ticket, run.outcome, { end, known: known ?? from?.known, ...look() }),
      over: (ran) => {
        ran.catch((error: unknown) => this.#failed(run, error));
        return ran;
      },
    };
  }

  /** Why a request for vectors has to have texts read. */
  ofTexts(missed: TextsMissed): Why | undefined {
    return whyTextsMissed(this.#parts, missed);
  }

  #failed({ call: { owner }, unsettled: { request, model }, outcome: { key, plan } }: Run, error: unknown): void {
    if (key === undefined || !plan.store) return;
    const loss = asAppError(error).code === 'cancelled' ? 'cancelled' : 'failed';
    this.#parts.cache.notKept(key, { owner, model: model?.name ?? request.model }, loss);
  }

  #look(ticket: Ticket, { call, unsettled, outcome, machine: where = this.#parts }: Run, prompt: Prompt): Found {
    const { watch, modelfiles, place } = where;
    const parts = { ...this.#parts, watch, modelfiles, place };
    const { request, model } = unsettled;
    const asked: Asked = {
      id: ticket.id,
      owner: call.owner,
      caller: call.caller,
      model: model?.name ?? request.model,
      conversation: ticket.conversation?.id,
      at: ticket.bornAt,
      ...prompt.withText(),
      fields: fieldsOf(parts, request, model),
      of: aboutOf(parts, call, model),
      key: outcome.key,
      pinned: outcome.pinned,
    };
    const earlier = this.#asked.comparedWith(asked);
    const { before } = earlier;
    const parting = before && partingOf(asked, before, safePiece);
    const missed = whyRunMissed(parts, { ticket, call, request, model, plan: outcome.plan, asked, earlier });
    if (missed !== undefined) ticket.trace.whyMissed = missed;
    const pinnable = before && parting && pinnableIn(request, { now: asked, then: before, parting }, safePiece);
    const found = { where, asked, before, parting, pinnable };
    if (outcome.pinned !== undefined && this.#parts.config().log.prompts_mb > 0) {
      ticket.trace.pinned = pinDiffs(request, outcome.pinned, safePiece);
    }
    this.#tell(ticket.trace, found);
    this.#asked.add(asked);
    return found;
  }

  #landed({ trace }: Ticket, { landed }: ToKeep, found: Ended): void {
    const reused = this.#reused(found, (trace.load?.ms ?? 0) > 0);
    if (reused !== undefined) trace.reused = reused;
    if (found.known !== undefined) {
      // What was reused could be, whoever had it read.
      trace.reusable = Math.max(reused?.tokens ?? 0, this.#tokens(found.where, found.asked, found.known, found.end));
    }
    const parted = found.before && savedFrom(found.asked, found.before);
    if (reused !== undefined && parted !== undefined) {
      trace.pinSaved = Math.max(0, reused.tokens - this.#tokens(found.where, found.asked, parted, found.end));
    }
    this.#tell(trace, found);
    if (landed.stored) this.#asked.kept(found.asked);
  }

  /** Writes down where its prompt parts; the tokens by the run's own count once it is known. */
  #tell(trace: Trace, { where, asked, before, parting, pinnable, end }: Found & Partial<Ended>): void {
    if (before === undefined || parting === undefined) return;
    const tokens = (weight: number): number => this.#tokens(where, asked, weight, end);
    const { sameAfter, fresh } = parting;
    const parted: Parted = {
      with: { request_id: before.id, created_at: iso(before.at) },
      same_chars: parting.sameChars,
      chars: parting.chars,
      block: parting.block,
      same_tokens: tokens(parting.same),
      where: parting.where,
      ...(parting.character === undefined ? { goes_on: true as const } : {}),
      ...(parting.what === undefined ? {} : { what: parting.what }),
      reused_tokens: trace.reused?.tokens ?? null,
      known_by: trace.reused?.by ?? 'estimated',
      ...(sameAfter === undefined ? {} : { same_after_tokens: tokens(sameAfter) }),
      ...(fresh === undefined ? {} : { new_tokens: tokens(fresh) }),
      ...(parting.then === undefined ? {} : { then: parting.then }),
      ...(parting.now === undefined ? {} : { now: parting.now }),
      ...(pinnable === undefined
        ? {}
        : { pinnable: { ...pinnable.words, tokens: tokens(pinnable.weight), diff: pinnable.diff } }),
    };
    trace.parted = parted;
  }

  /** A part of a prompt in tokens: by the count of all of it, where that is one. */
  #tokens({ estimator }: Where, { model, outline }: Asked, weight: number, end: End | undefined): number {
    const ratio = end && wholeRatio(weightOfAll(outline), end.metrics.prompt_eval_count);
    if (ratio !== undefined) return Math.round(weight / ratio);
    return weight === 0 ? 0 : estimator.promptTokens(model, weight);
  }

  /**
   * Of the prompt's tokens those that Ollama still had: as it says, or else by how much faster it was read than prompts of which
   * nothing was sent before. A model that was just loaded had nothing. Undefined where none of this is known.
   */
  #reused({ where, asked: { model: name }, parting, end }: Ended, justLoaded: boolean): Trace['reused'] {
    // Machines are not equally fast.
    const model = where.place === undefined ? name : `${where.place.name} ${name}`;
    const cached = cachedTokens(end);
    const { prompt_eval_count: count, prompt_eval_duration } = end.metrics;
    const ms = prompt_eval_duration / 1e6;
    const worked = count - (cached ?? 0);
    const isNew = justLoaded || cached !== undefined || parting === undefined || parting.same < NEW * parting.all;
    const pace = this.#paces.get(model);
    if (isNew && worked >= LEAST_PROMPT && ms > 0) {
      const now = ms / worked;
      this.#paces.set(model, pace === undefined ? now : pace + ALPHA * (now - pace));
    }
    if (cached !== undefined) return { tokens: cached, by: 'reported' };
    if (justLoaded) return { tokens: 0, by: 'estimated' };
    if (pace === undefined || isNew || count < LEAST_PROMPT || ms <= 0) return undefined;
    const share = 1 - ms / pace / count;
    return { tokens: share < LEAST_REUSED ? 0 : Math.min(count, Math.round(share * count)), by: 'estimated' };
  }
}
