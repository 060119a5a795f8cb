// Step 1 of the story: replay a kept answer. It is replayed in full, with a ticket, paced and watched like any other;
// or, when its question is known and it goes out at once, only with what is reported about it afterwards.
import type { ResponseCache } from '../../cache/cache.ts';
import type { Hit } from '../../cache/hit.ts';
import { withNewCallIds } from '../../cache/call-ids.ts';
import type { ReadyText } from '../../cache/ready-texts.ts';
import { speak } from '../../cache/replay.ts';
import type { Clock, NewId, ReadConfig } from '../../ports.ts';
import { AtOnce, type Ended } from '../../requests/at-once.ts';
import type { Answer, ChatCall, Known, ToKeep } from '../../requests/call.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { followed, once, WhenRead } from './follow.ts';
import { withTranscript } from './with-transcript.ts';
import { stillMeans } from './remembered-question.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { keptFor } from './question.ts';
import type { RequestTexts } from '../views/request-texts.ts';

export interface KeptAnswersParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly cache: ResponseCache;
  readonly requests: Requests;
  readonly telemetry: Telemetry;
  readonly machines: Machines;
  readonly texts: RequestTexts;
  onEnded(request: Ended): void;
}

/** A kept answer that goes out at once, and the request as its caller sees it. */
export interface ToldAgain {
  readonly ready: ReadyText;
  readonly request: AtOnce;
}

/** The parts of a hit that are read. */
export type ToldHit = Pick<Hit, 'model' | 'runMs' | 'tokens' | 'kept' | 'record'> & Partial<Pick<Hit, 'tier'>>;

const NOTHING_LANDED = { stored: false };

export class KeptAnswers {
  readonly #parts: KeptAnswersParts;
  readonly #closed: (ticket: Ticket) => void;

  /** Calls `closed` with each ticket whose answer is over. */
  constructor(parts: KeptAnswersParts, closed: (ticket: Ticket) => void) {
    this.#parts = parts;
    this.#closed = closed;
  }

  /**
   * The answer to a known question. Undefined when the question now means something else, or no kept answer is
   * available to it. `textOf` gives the answer as ready text, or undefined when the text differs for each caller.
   */
  again(known: Known, id: string, textOf: (hit: Hit) => ReadyText | undefined): ToldAgain | undefined {
    const { clock, config, machines, cache, telemetry, texts, onEnded } = this.#parts;
    const machine = machines.only ?? machines.choose({ model: known.model.name });
    if (texts.keeps || machine === undefined || !stillMeans(known, config(), machine)) return undefined;
    const { about, key, keepAlive, model, pinned } = known;
    const createdAt = clock.elapsed();
    const { plan, hit } = keptFor((...what) => cache.glance(...what), known);
    if (hit === undefined) return undefined;
    // A keep_alive that changes something needs the whole request.
    if (keepAlive !== undefined && machine.passedOn.wouldChange(keepAlive, model)) return undefined;
    const ready = textOf(hit);
    if (ready === undefined) return undefined;
    this.#spared(hit, about);
    const outcome = { plan, key, hit, landed: NOTHING_LANDED, pinned };
    const request = new AtOnce({ id, about, cache: outcome, createdAt }, clock);
    telemetry.ended('completed');
    onEnded(request);
    return { ready, request };
  }

  /** The answer to a request that was just understood, or a recorded one. */
  answer(
    ticket: Ticket,
    call: ChatCall,
    {
      outcome,
      hit,
      known,
      isRecorded = false,
    }: {
      readonly outcome: ToKeep;
      readonly hit: ToldHit;
      readonly known: Known | undefined;
      readonly isRecorded?: boolean;
    },
  ): Answer {
    const { clock, requests, newId, texts } = this.#parts;
    ticket.source = 'hit';
    ticket.cache = outcome;
    this.#spared(hit, call);
    ticket.started();
    const close = once(() => this.#closed(ticket));
    const told = withNewCallIds(hit, newId);
    // Replay a kept answer as fast as possible; a test against a recording may ask for the model's own pace.
    const pace = isRecorded && call.replay === 'original' ? 'timed' : call.replay;
    const answer: Answer = {
      ticket,
      known,
      events: new WhenRead(() => {
        requests.add(ticket);
        return followed(ticket, speak(told.record(), pace, clock, ticket.signal), close);
      }),
      whole: () => {
        ticket.firstPiece();
        ticket.finish();
        close();
        return told.kept();
      },
      tail: (signal) => speak(told.record(), 'original', clock, signal),
      close,
    };
    return withTranscript(answer, texts);
  }

  /** Counts a run that was saved. */
  #spared({ model, runMs, tokens, tier }: ToldHit, { caller, owner }: Pick<Ended, 'caller' | 'owner'>): void {
    const { telemetry } = this.#parts;
    const whose = { model, caller, owner };
    telemetry.sourced(whose, 'hit', tier);
    telemetry.saved(whose, runMs, tokens);
  }
}
