// Two real gateways, the Ollama of one being the other: the outer one shows a key to the inner one, which has an Ollama.
import type { KeyWish } from '../../backend/contract/rules/api-key.ts';
import type { RequestFact } from '../../backend/contract/views/control.ts';
import { addKey } from '../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth, type HearthOptions } from './hearth.ts';
import { eventually } from './waiting.ts';

export interface BehindOptions {
  /** What the key is for that the outer one shows; `chat` alone where nothing is said. */
  readonly key?: Partial<KeyWish>;
  readonly inner?: HearthOptions['config'];
  /** Beside what says where the inner one is. */
  readonly outer?: HearthOptions['config'];
  readonly patience?: HearthOptions['patience'];
}

export interface Behind {
  readonly inner: Hearth;
  readonly outer: Hearth;
  /** The key that the outer one shows. */
  readonly secret: string;
  /** The requests of the inner one to run a model, the newest first. */
  seen(): Promise<RequestFact[]>;
  /** Resolves with them when they are so. */
  until(what: string, so: (requests: readonly RequestFact[]) => boolean): Promise<readonly RequestFact[]>;
  stop(): Promise<void>;
}

/** The key is called "outer". */
export async function startBehind({
  key = {},
  inner: innerConfig,
  outer: outerConfig,
  patience,
}: BehindOptions = {}): Promise<Behind> {
  const { secret, keys } = addKey([], { name: 'outer', scopes: ['chat'], ...key }, new Date(0));
  const more = patience === undefined ? {} : { patience };
  const inner = await startHearth({
    ...more,
    config: { ...innerConfig, server: { api_keys: keys, ...innerConfig?.server } },
  });
  const outer = await startHearth({
    ...more,
    inFrontOf: inner.fake,
    config: { ...outerConfig, ollama: { api_url: inner.url, api_key: secret, ...outerConfig?.ollama } },
  });
  const seen = async (): Promise<RequestFact[]> => {
    const { requests } = (await (await inner.get('/api/requests')).json()) as { requests: RequestFact[] };
    return requests;
  };
  return {
    inner,
    outer,
    secret,
    seen,
    until: (what, so) =>
      eventually(what, async () => {
        const requests = await seen();
        return so(requests) && requests;
      }),
    async stop() {
      await outer.stop();
      await inner.stop();
    },
  };
}
