// Analyses a run after its request has gone up, outside the request's path: where its prompt differs from the one
// before, what of it Ollama still had, and why there was no kept answer. Nothing waits for this, and a kept answer does
// not pay for it.
import type { End } from '../../../contract/chat/chat.ts';
import { asAppError } from '../../../contract/errors.ts';
import type { PinName } from '../../../contract/rules/pin-rule.ts';
import { isUnsettled } from '../../../contract/rules/pin-rules-by-app.ts';
import type { Parted, Why } from '../../../contract/views/request-detail.ts';
import { LRUCache } from 'lru-cache';
import { sharedBeginning } from '../../beginnings.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import { AskedBefore, type Asked } from '../../prompts/asked-before.ts';
import { beginningsOf, weightOfAll } from '../../prompts/outline.ts';
import { partingOf, type Parting } from '../../prompts/parting.ts';
import type { Reading, Stood } from '../../prompts/held.ts';
import { Prompt } from '../../prompts/read-once.ts';
import type { ReadConfig } from '../../ports.ts';
import { wholeRatio } from '../../prompt-size.ts';
import { cachedTokens, type Estimator } from '../../queue/estimate.ts';
import type { ChatCall, ToKeep } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Trace } from '../../requests/trace.ts';
import type { Unsettled } from '../chat/settle.ts';
import { pinDiffs } from './pin-diff.ts';
import { pinnableIn, savedFrom, weightBefore, type Pinnable } from './pinnable.ts';
import { iso } from '../standing.ts';
import { aboutOf, fieldsOf, type MissedParts, type TextsMissed, whyRunMissed, whyTextsMissed } from './missed.ts';
import { safePiece } from '../../requests/shown-text.ts';
import { unhurried } from '../../unhurried.ts';

export interface HindsightParts extends MissedParts {
  readonly cache: MissedParts['cache'] & Pick<ResponseCache, 'notKept'>;
  readonly config: ReadConfig;
  readonly estimator: Estimator;
}

/** A request that may go up, and its outcome. */
export interface Run {
  readonly call: ChatCall;
  /** The request that the key was made from. The model is undefined when unknown. */
  readonly unsettled: Pick<Unsettled, 'request' | 'model'>;
  readonly outcome: ToKeep;
  /** The machine it runs on. Absent when there is only one. */
  readonly machine?: Where;
}

/** What is needed of the machine that it runs on. */
type Where = Pick<HindsightParts, 'watch' | 'modelfiles' | 'estimator' | 'place'>;

/** What was found out about one run. */
interface Found {
  readonly where: Where;
  readonly asked: Asked;
  readonly before: Asked | undefined;
  readonly parting: Parting | undefined;
  readonly pinnable: Pinnable | undefined;
  /**
   * How much of the prompt before stood where this one was read, as a weight; undefined where it has no runner here.
   */
  readonly held: number | undefined;
  /** Not all of it was read. */
  readonly isCut: boolean;
}

/** How it goes up. */
interface Up {
  readonly reading: Pick<Reading, 'known' | 'stood'> | undefined;
  readonly isCut: boolean;
}

interface Ended extends Found {
  readonly end: End;
  /** The weight of the part of its prompt that its runner had read before. Undefined when it has no runner here. */
  readonly known?: number | undefined;
}

/** Observes one run. */
export interface Look {
  /** The id of the request that began it. */
  readonly id: string;
  /** What it asks, as the model reads it. */
  readonly prompt: Prompt;
  /**
   * Its request goes up now. What is found out is in its trace soon after. `isCut`: its prompt is longer than the
   * context.
   */
  goesUp(reading?: Pick<Reading, 'known' | 'stood'>, isCut?: boolean): void;
  /** It has come to its end, and what is kept of it is kept. */
  landed(end: End): void;
  /** Observes the run and notes when it fails. Returns the same promise. */
  over(ran: Promise<void>): Promise<void>;
}

const MB = 1024 * 1024;
/** How many models have their pace remembered. */
const MOST_MODELS = 200;
/** The weight of the newest measurement, as in queue/estimate.ts. */
const ALPHA = 0.3;
/** A prompt with fewer tokens measures the start of a run rather than its pace. */
const LEAST_PROMPT = 64;
/** A prompt counts as new if less than this share of it was sent before. */
const NEW = 0.1;
/** A smaller share is not reuse, but a machine that happens to be faster. */
const LEAST_REUSED = 0.25;

/** How much of an earlier prompt stands there, as a weight: none where nothing is known to. */
function heldOf({ outline }: Asked, stood: Stood | undefined): number {
  return stood === undefined ? 0 : sharedBeginning(beginningsOf(outline), stood.prompt.beginnings);
}

/** Whether its model was loaded for it. */
function isLoaded({ load }: Trace): boolean {
  return (load?.ms ?? 0) > 0;
}

export class Hindsight {
  readonly #parts: HindsightParts;
  readonly #later: (work: () => void) => void;
  readonly #asked: AskedBefore;
  /** Milliseconds per token of prompts that were read whole, by model. */
  readonly #paces = new LRUCache<string, number>({ max: MOST_MODELS });

  /** `later` runs work that is not urgent once the request is on its way. */
  constructor(parts: HindsightParts, later: (work: () => void) => void = unhurried) {
    this.#parts = parts;
    this.#later = later;
    this.#asked = new AskedBefore(() => parts.config().log.prompts_mb * MB);
  }

  /** Observes a run for the request that began it. */
  at(ticket: Ticket, run: Run): Look {
    let found: Found | undefined;
    let known: number | undefined;
    let up: Up = { reading: undefined, isCut: false };
    const prompt = new Prompt(run.unsettled.request);
    const look = (): Found => (found ??= this.#look(ticket, run, { prompt, ...up }));
    return {
      id: ticket.id,
      prompt,
      goesUp: (reading, isCut = false) => {
        up = { reading, isCut };
        known = undefined;
        this.#later(() => {
          look();
          known = reading?.known;
        });
      },
      landed: (end) => this.#landed(ticket, run.outcome, { end, known: known ?? up.reading?.known, ...look() }),
      over: (ran) => {
        ran.catch((error: unknown) => this.#failed(run, error));
        return ran;
      },
    };
  }

  /** Why a request for vectors needs texts to be read. */
  ofTexts(missed: TextsMissed): Why | undefined {
    return whyTextsMissed(this.#parts, missed);
  }

  #failed({ call: { owner }, unsettled: { request, model }, outcome: { key, plan } }: Run, error: unknown): void {
    if (key === undefined || !plan.store) return;
    const loss = asAppError(error).code === 'cancelled' ? 'cancelled' : 'failed';
    this.#parts.cache.notKept(key, { owner, model: model?.name ?? request.model }, loss);
  }

  #look(
    ticket: Ticket,
    { call, unsettled, outcome, machine: where = this.#parts }: Run,
    { prompt, reading, isCut }: Up & Pick<Look, 'prompt'>,
  ): Found {
    const { watch, modelfiles, place } = where;
    const parts = { ...this.#parts, watch, modelfiles, place };
    const { request, model } = unsettled;
    const remembered = prompt.withText();
    const asked: Asked = {
      id: ticket.id,
      owner: call.owner,
      caller: call.caller,
      model: model?.name ?? request.model,
      conversation: ticket.conversation?.id,
      at: ticket.bornAt,
      ...remembered,
      fields: fieldsOf(parts, request, model),
      of: aboutOf(parts, call, model),
      key: outcome.key,
      pinned: outcome.pinned?.map(({ what, sent_hash, spans: [first] }) => {
        return { what, sent_hash, at: first === undefined ? 0 : weightBefore(remembered.outline, first) };
      }),
    };
    const earlier = this.#asked.comparedWith(asked);
    const { before } = earlier;
    const parting = before && partingOf(asked, before, safePiece);
    const missed = whyRunMissed(parts, { ticket, call, request, model, plan: outcome.plan, asked, earlier });
    if (missed !== undefined) ticket.trace.whyMissed = missed;
    const stood = reading?.stood;
    const inPlace = stood?.by === undefined || isCut ? undefined : earlier.of(stood.by);
    const isOpen = (what: PinName): boolean => isUnsettled(this.#parts.config().prompts, call.caller, what);
    const two = inPlace && {
      now: asked,
      then: inPlace,
      parting: (inPlace === before ? parting : undefined) ?? partingOf(asked, inPlace, safePiece),
    };
    const pinnable = two && stood && pinnableIn(request, { ...two, stood }, { isOpen, safePiece });
    const held = reading && before && heldOf(before, stood);
    const found = { where, asked, before, parting, pinnable, held, isCut };
    if (outcome.pinned !== undefined && this.#parts.config().log.prompts_mb > 0) {
      ticket.trace.pinned = pinDiffs(request, outcome.pinned, safePiece);
    }
    this.#tell(ticket.trace, found);
    this.#asked.add(asked);
    return found;
  }

  #landed({ trace }: Ticket, { landed }: ToKeep, found: Ended): void {
    const reused = this.#reused(found, isLoaded(trace));
    if (reused !== undefined) trace.reused = reused;
    if (found.known !== undefined) {
      const known = found.isCut ? 0 : this.#tokens(found.where, found.asked, found.known, found.end);
      // What was reused could be, whoever had it read; and no more than there was to read.
      trace.reusable = Math.min(found.end.metrics.prompt_eval_count, Math.max(reused?.tokens ?? 0, known));
    }
    const parted = found.before && savedFrom(found.asked, found.before);
    if (reused !== undefined && parted !== undefined && !found.isCut) {
      trace.pinSaved = Math.max(0, reused.tokens - this.#tokens(found.where, found.asked, parted, found.end));
    }
    this.#tell(trace, found);
    if (landed.stored) this.#asked.kept(found.asked);
  }

  /** Writes down where its prompt parts; the tokens by the run's own count once it is known. */
  #tell(trace: Trace, { where, asked, before, parting, pinnable, held, end }: Found & Partial<Ended>): void {
    if (before === undefined || parting === undefined) return;
    const tokens = (weight: number): number => this.#tokens(where, asked, weight, end);
    const { sameAfter, fresh } = parting;
    const loaded = isLoaded(trace);
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
      ...(held === undefined ? {} : { held_tokens: loaded ? 0 : tokens(held) }),
      ...(pinnable === undefined || loaded ? {} : { pinnable: this.#toldOf(pinnable, trace, tokens) }),
    };
    trace.parted = parted;
  }

  /** What keeping it the same would have saved: what would have gone on, but for what did. */
  #toldOf(
    { words, also, same, kept, diff }: Pinnable,
    { reused }: Trace,
    tokens: (weight: number) => number,
  ): NonNullable<Parted['pinnable']> {
    const saved = Math.max(0, tokens(kept) - Math.max(tokens(same), reused?.tokens ?? 0));
    return { ...words, ...(also.length === 0 ? {} : { also: [...also] }), tokens: saved, diff };
  }

  /** A part of a prompt in tokens: by the count of all of it, where that is one. */
  #tokens({ estimator }: Where, { model, outline }: Asked, weight: number, end: End | undefined): number {
    const ratio = end && wholeRatio(weightOfAll(outline), end.metrics.prompt_eval_count);
    if (ratio !== undefined) return Math.round(weight / ratio);
    return weight === 0 ? 0 : estimator.promptTokens(model, weight);
  }

  /**
   * How many tokens of the prompt Ollama still had: as it reports, or estimated from how much faster it read the prompt
   * than new ones. A model that was just loaded had none. Undefined when none of this is known.
   */
  #reused({ where, asked: { model: name }, parting, end }: Ended, justLoaded: boolean): Trace['reused'] {
    // Machines differ in speed.
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
