// An upstream whose every call tells the watch how it went, for the breaker and for the list of models.
// Callers need not think of it; the watch's own probes do not go through here.
import { asAppError } from '../contract/errors.ts';
import type { Family, Relay, RelayAnswer, Tell, Upstream, Watch } from '../core/ports.ts';

/** The same upstream, reporting: how calls end, as Watch.report tells the ends apart; an unknown model makes the list old. */
export function reporting(upstream: Upstream, watch: Pick<Watch, 'report' | 'invalidate'>): Upstream {
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
  /** Reports with the end, and not only when all is wound up. */
  const written =
    (family: Family): Upstream[Family] =>
    async (request, signal, tell, asker) => {
      try {
        const reported: Tell = (event) => {
          if (event.type === 'end') watch.report('ok');
          tell(event);
        };
        await upstream[family](request, signal, reported, asker);
      } catch (error) {
        failed(error);
        throw error;
      }
    };
  return {
    chat: written('chat'),
    generate: written('generate'),
    embed: (...asked) => reported(upstream.embed(...asked)),
    embeddings: (...asked) => reported(upstream.embeddings(...asked)),
    modelfile: (model, signal) => upstream.modelfile(model, signal),
    load: (spec, keepAlive, signal) => reported(upstream.load(spec, keepAlive, signal)),
    unload: (model, signal) => reported(upstream.unload(model, signal)),
    pull: (model, signal, tell) => reported(upstream.pull(model, signal, tell)),
    remove: (model, signal) => reported(upstream.remove(model, signal)),
    tags: (signal) => upstream.tags(signal),
    ps: (signal) => upstream.ps(signal),
    version: (signal) => upstream.version(signal),
  };
}

/** The same relay; a connection that fails or breaks has Ollama looked at, and counts for nothing else. */
export function reportingRelay(relay: Relay, watch: Pick<Watch, 'report'>): Relay {
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
      try {
        const answer = await relay.forward(request, signal);
        return { ...answer, body: pieces(answer.body) };
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  };
}
