// An upstream whose every call tells the watch how it went, for the breaker and for the list of models, and that it hears nothing.
// Callers need not think of it; the watch's own probes do not go through here.
import { asAppError } from '../contract/errors.ts';
import type { Clock, Family, Relay, RelayAnswer, Tell, Upstream } from '../core/ports.ts';
import type { StartedWatch } from './watch.ts';

/**
 * A call that has heard nothing for so long has the watch look whether somebody is there; then again after twice as long, up to the
 * second one. A model that loads or reads says nothing either, but its Ollama answers a look at once. Milliseconds.
 */
const SILENT_MS = 2000;
const LONGEST_SILENT_MS = 8000;

type Reported = Pick<StartedWatch, 'report' | 'invalidate' | 'doubt'>;
type Timing = Pick<Clock, 'after' | 'elapsed'>;

/** Listens to a call that begins now: `heard` at each sign of life, `over` at its end. */
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

/** The same upstream, reporting: how calls end, as Watch.report tells the ends apart; an unknown model makes the list old. */
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
  /** The same for one of which nothing comes before its end. */
  async function heardAtEnd<T>(call: Promise<T>): Promise<T> {
    const { over } = listening(watch, clock);
    return await reported(call).finally(over);
  }
  /** Reports with the end, and not only when all is wound up. */
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

/** The same relay; a connection that fails or breaks has Ollama looked at, and counts for nothing else. */
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
