// Wraps an upstream so that every call reports its outcome and its silence to the watch, for the breaker and the list
// of models. Callers need not do anything; the watch's own probes do not pass through here.
import { asAppError } from '../contract/errors.ts';
import type { Clock, Family, Relay, RelayAnswer, Tell, Upstream } from '../core/ports.ts';
import type { StartedWatch } from './watch.ts';

/**
 * After this much silence in a call the watch probes whether Ollama is there. The pause doubles after each probe, up to
 * the second constant. A model that loads or reads is silent too, but its Ollama answers a probe at once. Milliseconds.
 */
const SILENT_MS = 2000;
const LONGEST_SILENT_MS = 8000;

type Reported = Pick<StartedWatch, 'report' | 'invalidate' | 'doubt'>;
type Timing = Pick<Clock, 'after' | 'elapsed'>;

/** Listens to a call that begins now: call `heard` at each sign of life and `over` at its end. */
function listening(
  watch: Pick<Reported, 'doubt'>,
  { after, elapsed }: Timing,
): { readonly heard: () => void; readonly over: () => void } {
  let heardAt = elapsed();
  let silentMs = SILENT_MS;
  const look = (): void => {
    const silence = elapsed() - heardAt;
    if (silence < SILENT_MS) {
      silentMs = SILENT_MS;
      stop = after(silentMs - silence, look);
      return;
    }
    watch.doubt();
    stop = after(silentMs, look);
    silentMs = Math.min(LONGEST_SILENT_MS, 2 * silentMs);
  };
  let stop = after(silentMs, look);
  return { heard: () => (heardAt = elapsed()), over: () => stop() };
}

/** The upstream with reports: outcomes as Watch.report tells them apart; an unknown model marks the list as old. */
export function reporting(upstream: Upstream, watch: Reported, clock: Timing): Upstream {
  const failed = (error: unknown): void => {
    const { code, native } = asAppError(error);
    if (code === 'upstream_unreachable') watch.report('unreachable');
    if (code === 'upstream_failed' && native === undefined) watch.report('broke');
    if (code === 'model_not_found') watch.invalidate();
  };
  async function reported<T>(call: Promise<T>): Promise<T> {
    try {
      const result = await call;
      watch.report('ok');
      return result;
    } catch (error) {
      failed(error);
      throw error;
    }
  }
  /** Reports a call that sends nothing before its end. */
  async function heardAtEnd<T>(call: Promise<T>): Promise<T> {
    const { over } = listening(watch, clock);
    return await reported(call).finally(over);
  }
  /** Reports at the end event, not only after the cleanup. */
  const written =
    (family: Family): Upstream[Family] =>
    async (request, signal, tell, asker) => {
      const { heard, over } = listening(watch, clock);
      try {
        const reported: Tell = (event) => {
          heard();
          if (event.type === 'end') watch.report('ok');
          tell(event);
        };
        await upstream[family](request, signal, reported, asker);
      } catch (error) {
        failed(error);
        throw error;
      } finally {
        over();
      }
    };
  return {
    chat: written('chat'),
    generate: written('generate'),
    embed: (...asked) => heardAtEnd(upstream.embed(...asked)),
    embeddings: (...asked) => heardAtEnd(upstream.embeddings(...asked)),
    modelfile: (model, signal) => upstream.modelfile(model, signal),
    load: (spec, keepAlive, signal) => heardAtEnd(upstream.load(spec, keepAlive, signal)),
    unload: (model, signal) => heardAtEnd(upstream.unload(model, signal)),
    pull: (model, signal, tell) => reported(upstream.pull(model, signal, tell)),
    remove: (model, signal) => reported(upstream.remove(model, signal)),
    tags: (signal) => upstream.tags(signal),
    ps: (signal) => upstream.ps(signal),
    version: (signal) => upstream.version(signal),
  };
}

/**
 * The relay with reports: a connection that fails or breaks makes the watch probe Ollama, and counts for nothing else.
 */
export function reportingRelay(relay: Relay, watch: Pick<Reported, 'report' | 'doubt'>, clock: Timing): Relay {
  const failed = (error: unknown): void => {
    const { code, broke } = asAppError(error);
    if (broke || code === 'upstream_unreachable') watch.report('broke');
  };
  async function* pieces(body: RelayAnswer['body']): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* body;
    } catch (error) {
      failed(error);
      throw error;
    }
  }
  return {
    forward: async (request, signal) => {
      const { over } = listening(watch, clock);
      try {
        const answer = await relay.forward(request, signal);
        return { ...answer, body: pieces(answer.body) };
      } catch (error) {
        failed(error);
        throw error;
      } finally {
        over();
      }
    },
  };
}
