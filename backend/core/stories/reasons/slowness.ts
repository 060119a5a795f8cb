// Whether a request was slow, and why. When it has ended, its times are compared with the usual ones of its model. Only
// for a slow request are facts gathered, from which core/explain chooses one sentence.
import { shownCaller } from '../../../contract/apps.ts';
import { whySlow, isSlow } from '../../explain/why-slow.ts';
import type { Behind, RunFacts, SlowFacts } from '../../explain/slow-facts.ts';
import { isCloudName } from '../../models/names.ts';
import { weightsOf } from '../../models/runner.ts';
import type { Clock, ReadConfig } from '../../ports.ts';
import type { PastRun, Stretch } from '../../queue/past-runs.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { Trace } from '../../requests/trace.ts';
import { UsualTimes, type Usual } from '../../telemetry/usual-times.ts';
import { inTheWayOf, type InTheWay } from './in-the-way.ts';
import type { Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { phasesOf } from './detail-of.ts';
import { lengthOf, together, within } from './intervals.ts';

export interface SlownessParts {
  readonly config: ReadConfig;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly machines: Machines;
}

/** The life of a request, and its wait for a slot within that. */
interface Times {
  readonly life: Stretch;
  readonly waited: Stretch;
}

export class Slowness {
  readonly #parts: SlownessParts;
  readonly #usual = new UsualTimes();

  constructor(parts: SlownessParts) {
    this.#parts = parts;
  }

  #machineOf(trace: Trace | undefined): Machine {
    return this.#parts.machines.named(trace?.upstream);
  }

  /** Writes into the trace of a request, living or ended, who was in its way. */
  look(request: Ended): InTheWay | undefined {
    const { trace, source } = request;
    if (trace === undefined || source === 'hit' || wasTurnedAway(request, trace)) return undefined;
    const found = inTheWayOf(this.#machineOf(trace).queue, request, this.#timesOf(request, trace));
    if (found.before.length > 0) trace.before = found.before;
    if (found.line.gaveWay > 0) trace.gaveWay = found.line.gaveWay;
    return found;
  }

  /** Call once when a request has ended. Does the same, and notes why it was slow, if it was. */
  ended(request: Ended): void {
    const found = this.look(request);
    const { trace, status, source } = request;
    if (found === undefined || trace === undefined) return;
    const { life } = this.#timesOf(request, trace);
    const kind = trace.kind ?? 'chat';
    // Use the installed name, since callers spell it in several ways.
    const model = found.own.at(-1)?.model ?? request.model;
    const usual = this.#usual.of(model, kind);
    if (isSlow(lengthOf(life), usual.totalMs)) {
      const why = whySlow(this.#factsOf(request, trace, { model, found, usual, life }));
      if (why !== undefined) trace.whySlow = why;
    }
    // A request that shared a run does not measure how long one takes.
    if (status !== 'completed' || source === 'coalesced') return;
    const { tokens, ms } = answerOf(trace);
    this.#usual.add(model, kind, { totalMs: lengthOf(life), tokenMs: tokens > 0 && ms > 0 ? ms / tokens : undefined });
  }

  #timesOf({ createdAt, startedAt, finishedAt }: Ended, trace: Trace): Times {
    const now = finishedAt ?? this.#parts.clock.elapsed();
    const inLine = createdAt + (trace.turnMs ?? 0);
    return {
      life: { from: createdAt, to: Math.max(now, trace.deliveredAt ?? now) },
      waited: { from: inLine, to: Math.max(inLine, startedAt ?? now) },
    };
  }

  #factsOf(request: Ended, trace: Trace, { model, found, usual, life }: Known): SlowFacts {
    const { turn_ms, place_ms, load_ms, prompt_ms, generation_ms, delivery_ms } = phasesOf(request, trace);
    const { load } = trace.run ?? trace;
    const sleeps = this.#machineOf(trace)
      .queue.haltedDuring(life)
      .filter(({ why }) => why === 'asleep');
    // It ended before its first token, so it waited for that until the end.
    const { ranAt, firstPieceAt } = request;
    const unread = ranAt === undefined || firstPieceAt !== undefined ? 0 : life.to - ranAt;
    return {
      model,
      caller: shownCaller(request.caller),
      totalMs: lengthOf(life),
      parts: {
        turn: turn_ms ?? 0,
        place: place_ms ?? 0,
        load: load_ms ?? 0,
        prompt: prompt_ms ?? unread,
        answer: generation_ms ?? 0,
        delivery: delivery_ms ?? 0,
      },
      asleepMs: together(sleeps.map((sleep) => within(sleep, life))),
      line: { ...found.line, behind: found.line.behind.map(named) },
      load: { reason: load?.reason, usualMs: load?.usualMs },
      run: this.#runOf(request, trace, { found, usual }),
    };
  }

  #runOf(request: Ended, trace: Trace, { found, usual }: Pick<Known, 'found' | 'usual'>): RunFacts {
    const { config } = this.#parts;
    const { queue } = this.#machineOf(trace);
    const { ranAt, finishedAt, status, silentSince } = request;
    const run = trace.run ?? trace;
    const { metrics, context, reused } = run;
    const silent = silentSince === undefined || finishedAt === undefined ? 0 : finishedAt - silentSince;
    const isStuck = status !== 'completed' && silent >= config().ollama.stuck_after_seconds * 1000;
    const ran = ranAt === undefined ? undefined : { from: ranAt, to: run.lastTokenAt ?? finishedAt ?? ranAt };
    const beside = ran === undefined ? [] : queue.ranDuring(ran).filter((other) => !found.own.some(isSame(other)));
    return {
      cloud: isCloudName(request.model),
      handedOn: trace.kind === 'handed_on',
      silentMs: isStuck ? silent : undefined,
      prompt: {
        tokens: metrics?.prompt_eval_count ?? 0,
        reused: reused?.tokens,
        ms: (metrics?.prompt_eval_duration ?? 0) / 1e6,
        truncated: context !== undefined && context.tokens > context.size ? context : undefined,
        parted: trace.parted,
      },
      answer: { ...answerOf(trace), usualMs: usual.tokenMs },
      inGraphics: this.#inGraphics(found.own.at(-1), this.#machineOf(trace)),
      beside:
        ran === undefined ? 0 : beside.filter((other) => lengthOf(within(other, ran)) >= lengthOf(ran) / 2).length,
      slots: config().queue.max_concurrent,
    };
  }

  /** The share of the runner that Ollama lists as being in graphics memory, from 0 to 1. */
  #inGraphics(run: PastRun | undefined, { watch, modelfiles }: Machine): number | undefined {
    if (run === undefined) return undefined;
    const weights = weightsOf(run.runner);
    const listed = watch.state.loaded.find(({ digest }) => modelfiles.weights(digest) === weights);
    return listed === undefined || listed.size <= 0 ? undefined : listed.size_vram / listed.size;
  }
}

/** Whether it ended before it was queued. This check keeps a flood of refusals from looking up the queue's history. */
function wasTurnedAway({ finishedAt, startedAt }: Ended, { position, turnMs }: Trace): boolean {
  return finishedAt !== undefined && startedAt === undefined && position === undefined && turnMs === undefined;
}

function named(behind: Behind): Behind {
  return behind.caller === undefined ? behind : { ...behind, caller: shownCaller(behind.caller) };
}

interface Known {
  readonly model: string;
  readonly found: InTheWay;
  readonly usual: Usual;
  readonly life: Stretch;
}

function answerOf(trace: Trace): Pick<RunFacts['answer'], 'tokens' | 'ms' | 'thoughts'> {
  const { metrics, thought = 0 } = trace.run ?? trace;
  const tokens = metrics?.eval_count ?? 0;
  return { tokens, ms: (metrics?.eval_duration ?? 0) / 1e6, thoughts: Math.round(tokens * thought) };
}

function isSame({ id, from }: PastRun): (other: PastRun) => boolean {
  return (other) => other.id === id && other.from === from;
}
