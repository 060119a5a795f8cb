// The keys for looking up an answer and for keeping it. Ollama may be restarted and updated between the two.
// fingerprint.ts makes keys.
import type { UpstreamState, Watch } from '../ports.ts';

/** The keys of one request. */
export interface Keyed<K> {
  /** The key for Ollama's state when it was made. */
  readonly key: K;
  /**
   * The key for Ollama's version when the answer has come, which is the version that gave it. Undefined when the
   * address has changed, since it is then unknown which of the two answered.
   */
  keepAs(): K | undefined;
}

/** `of` makes the keys for a state of Ollama. */
export function keyed<K>(watch: Pick<Watch, 'state'>, of: (state: UpstreamState) => K): Keyed<K> {
  const then = watch.state;
  const key = of(then);
  return {
    key,
    keepAs: () => {
      const now = watch.state;
      if (now.url !== then.url) return undefined;
      return now.version === then.version ? key : of(now);
    },
  };
}
