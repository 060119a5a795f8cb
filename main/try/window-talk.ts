// "Try it": what somebody asks in the window and what comes of it, one question at a time. It asks as a client of the gateway like
// others, and keeps nothing beyond the window.
import type { Source } from '../../backend/contract/chat/chat.ts';
import type { CommandInput, View } from '../../backend/contract/window/desktop.ts';
import { AppError, asAppError, faultOf } from '../../backend/contract/errors.ts';
import { t } from '../../words/texts.ts';
import type { TurnView } from '../../backend/contract/window/talk.ts';
import type { Clock, Log } from '../../backend/core/ports.ts';
import { askGateway, beganRunOf, type AnswerLine, type Connect, type Question } from './ask-gateway.ts';

/** Questions that are shown, and that go up with the next one. */
const MOST_TURNS = 30;
/** The first pieces say more about the start than about the pace. */
const PACED_FROM = 5;

export interface TalkOptions {
  /** How the running gateway is reached. Throws shutting_down while none runs. */
  gateway(): Connect;
  readonly clock: Clock;
  readonly log: Log;
  /** Something of the view changed. */
  onChange(): void;
}

/** A question, changed as its answer comes. Moments by the monotonic clock. */
type Turn = { -readonly [K in keyof TurnView]: TurnView[K] };

interface UnderWay {
  readonly turn: Turn;
  readonly gateway: Connect;
  readonly startedAt: number;
  readonly leave: AbortController;
}

export class Talk {
  readonly #options: TalkOptions;
  #turns: readonly Turn[] = [];
  #asked = 0;
  #underWay: UnderWay | undefined;

  constructor(options: TalkOptions) {
    this.#options = options;
  }

  view(): View['talk'] {
    return this.#turns.map((turn) => ({ ...turn }));
  }

  /** Resolves at once; the answer comes into the view. Throws shutting_down, and invalid_request while one is under way. */
  ask({ model, question, instead_of: old }: CommandInput<'ask'>): void {
    if (this.#underWay !== undefined) {
      throw new AppError('invalid_request', t('try.under_way'));
    }
    const { clock } = this.#options;
    const gateway = this.#options.gateway();
    const at = this.#turns.findIndex(({ id }) => id === old);
    const before = at < 0 ? this.#turns : this.#turns.slice(0, at);
    const turn: Turn = {
      id: ++this.#asked,
      model,
      question,
      state: 'answering',
      thinking: '',
      answer: '',
      asked_at: new Date(clock.now()).toISOString(),
      ...NOTHING_KNOWN,
    };
    this.#turns = [...before, turn, ...this.#turns.slice(before.length + 1)].slice(-MOST_TURNS);
    const leave = new AbortController();
    this.#underWay = { turn, gateway, startedAt: clock.elapsed(), leave };
    this.#options.onChange();
    void this.#answered(this.#underWay, { model, messages: saidIn([...before, turn]) });
  }

  /** Leaves the answer that is under way, so that the gateway frees its slot; what has come of it stays. */
  stop(): void {
    if (this.#underWay === undefined) return;
    const { leave } = this.#underWay;
    this.#end(this.#underWay, 'stopped');
    leave.abort(new AppError('cancelled', 'It was stopped in the window.'));
  }

  /** Forgets all of it. */
  clear(): void {
    this.stop();
    this.#turns = [];
    this.#options.onChange();
  }

  async #answered(underWay: UnderWay, question: Question): Promise<void> {
    const { turn, gateway, leave } = underWay;
    try {
      const { source, lines } = await askGateway(gateway, question, leave.signal);
      const pace = new Pace(this.#options.clock);
      this.#sourced(underWay, source);
      for await (const line of lines) {
        if (leave.signal.aborted) return;
        this.#came(underWay, line, pace);
      }
      this.#end(underWay, 'answered');
    } catch (error) {
      // Stopped: nobody waits for it.
      if (leave.signal.aborted) return;
      const { code, message } = asAppError(error);
      if (code === 'internal') this.#options.log.error(faultOf(error), 'a question of the window failed');
      turn.error = { code, sentence: message };
      this.#end(underWay, 'failed');
    }
  }

  #came(underWay: UnderWay, line: AnswerLine, pace: Pace): void {
    const { turn } = underWay;
    turn.request_id ??= line.request_id ?? null;
    turn.thinking += line.thinking;
    turn.answer += line.content;
    this.#sourced(underWay, line.source);
    if (line.done) this.#told(turn, line);
    // A kept answer comes word by word, which are no tokens.
    else if (turn.source !== 'hit' && line.content + line.thinking !== '') {
      turn.tokens = pace.piece();
      // Who joins a run gets what there is at once.
      if (turn.source !== 'coalesced') turn.tokens_per_s = pace.perSecond;
    }
    this.#options.onChange();
  }

  /** The last line has all figures. */
  #told(turn: Turn, { usage, timing, cached_at, saved_ms }: AnswerLine): void {
    turn.kept_at = cached_at ?? null;
    turn.saved_ms = saved_ms ?? null;
    if (usage !== undefined) turn.tokens = usage.completion_tokens;
    if (timing === undefined) return;
    turn.total_ms = timing.total_ms;
    const wroteMs = timing.total_ms - timing.ttft_ms;
    const isOwn = turn.source === 'miss' || turn.source === 'bypass';
    if (isOwn && turn.tokens !== null && turn.tokens >= PACED_FROM && wroteMs > 0) {
      turn.tokens_per_s = rate(turn.tokens, wroteMs);
    }
  }

  #sourced({ turn, gateway, leave }: UnderWay, source: Source | undefined): void {
    turn.source = source ?? turn.source;
    if (turn.source !== 'coalesced' || turn.request_id === null || turn.run_of !== null) return;
    // Asked once; without an answer it stays unsaid.
    turn.run_of = '';
    beganRunOf(gateway, turn.request_id, leave.signal).then(
      (caller) => {
        turn.run_of = caller ?? '';
        this.#options.onChange();
      },
      () => undefined,
    );
  }

  #end(underWay: UnderWay, state: Turn['state']): void {
    if (this.#underWay !== underWay) return;
    this.#underWay = undefined;
    const { turn, startedAt } = underWay;
    turn.state = state;
    turn.total_ms ??= Math.round(this.#options.clock.elapsed() - startedAt);
    this.#options.onChange();
  }
}

const NOTHING_KNOWN = {
  request_id: null,
  source: null,
  kept_at: null,
  saved_ms: null,
  run_of: null,
  tokens: null,
  tokens_per_s: null,
  total_ms: null,
  error: null,
} as const;

/** What was said so far, as a model is told it: of an answer that failed neither the question nor what came. */
function saidIn(turns: readonly Turn[]): Question['messages'] {
  return turns.flatMap(({ state, question, answer }) => {
    const asked = { role: 'user', content: question } as const;
    if (state === 'answering') return [asked];
    return state === 'failed' || answer === '' ? [] : [asked, { role: 'assistant', content: answer } as const];
  });
}

/** How many pieces have come, and how fast; a piece of Ollama's is about a token. */
class Pace {
  readonly #clock: Clock;
  #pieces = 0;
  #firstAt = 0;
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One more. How many there are. */
  piece(): number {
    this.#lastAt = this.#clock.elapsed();
    if (this.#pieces === 0) this.#firstAt = this.#lastAt;
    return ++this.#pieces;
  }

  get perSecond(): number | null {
    const ms = this.#lastAt - this.#firstAt;
    return this.#pieces < PACED_FROM || ms <= 0 ? null : rate(this.#pieces, ms);
  }
}

/** Tokens a second; the first one is where the time begins. */
function rate(tokens: number, ms: number): number {
  return ((tokens - 1) * 1000) / ms;
}
