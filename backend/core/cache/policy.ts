// Whether a request may read the cache, be stored, and be shared: the caller's wishes, strongest first, over the
// policy. Pure; http/wire/cache-headers.ts turns headers into wishes.

/**
 * What one source (body, X-Cache-Control, Cache-Control) asks for. Absent fields leave the decision to a weaker source.
 */
export interface CacheWish {
  readonly read?: boolean;
  readonly store?: boolean;
  /** Seconds; an older answer is not a hit. */
  readonly maxAge?: number;
  /** Answer from the cache or not at all. */
  readonly onlyIfCached?: boolean;
  /** Seconds to keep the answer, instead of cache.ttl_seconds. */
  readonly ttl?: number;
  /** Set when Hearth repeats a request; not a wish of its app. */
  readonly again?: true;
}

export interface CachePlan {
  readonly read: boolean;
  readonly store: boolean;
  /** Whether the request may share a running answer with equal requests. */
  readonly share: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly ttl: number;
  /** Why the cache is not read; undefined when it is. */
  readonly bypass: 'disabled' | 'requested' | 'refresh' | 'unknown_model' | undefined;
}

export interface PolicyInput {
  /** Strongest first. */
  readonly wishes: readonly CacheWish[];
  readonly enabled: boolean;
  readonly deduplicate: boolean;
  /** Whether route and model cache by default. */
  readonly byDefault: boolean;
  /** Without a digest the key would not notice a changed model. */
  readonly digestKnown: boolean;
  /** cache.ttl_seconds */
  readonly ttlSeconds: number;
}

/** The same plan without reading the kept answer; everything else stays allowed. */
export function askedAnew(plan: CachePlan): CachePlan {
  return { ...plan, read: false, bypass: 'refresh' };
}

/** The first source that says something wins: the body, then X-Cache-Control, then Cache-Control, then the policy. */
export function planCache(input: PolicyInput): CachePlan {
  const first = <K extends keyof CacheWish>(name: K): CacheWish[K] | undefined =>
    input.wishes.find((wish) => wish[name] !== undefined)?.[name];
  const usable = input.enabled && input.digestKnown;
  const read = usable && (first('read') ?? input.byDefault);
  const store = usable && (first('store') ?? input.byDefault);
  return {
    read,
    store,
    share: read && store && input.deduplicate,
    onlyIfCached: first('onlyIfCached') ?? false,
    maxAge: first('maxAge'),
    ttl: first('ttl') ?? input.ttlSeconds,
    bypass: read ? undefined : whyNot(input, store),
  };
}

function whyNot(input: PolicyInput, store: boolean): NonNullable<CachePlan['bypass']> {
  if (!input.enabled) return 'disabled';
  if (!input.digestKnown) return 'unknown_model';
  return store ? 'refresh' : 'requested';
}
