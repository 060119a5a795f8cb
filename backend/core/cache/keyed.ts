// The key by which an answer is looked up, and the key by which it is kept. Ollama may have been restarted, and updated,
// between the two. What makes a key is fingerprint.ts.
import type { UpstreamState, Watch } from '../ports.ts';

/** Keys of one request. */
export interface Keyed<K> {
  /** By Ollama as it is when they are made. */
  readonly key: K;
  /**
   * By the version of Ollama that is there when the answer has come, which is the one that gave it. None where the address
   * has changed: then it is not known which of the two answered.
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
