// The list of requests and one of them, kept as they are now while the tab is shown.
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CommandOutput } from '../../backend/contract/window/desktop.ts';
import { useCalls } from '../parts/use-calls.ts';
import { CallError, sentenceOf } from '../state/client.ts';
import { RequestLoader, type Filter, type Loaded } from './request-loader.ts';
import { isLiving } from './listed-rows.ts';

export interface Requests {
  /** Undefined until the first answer. */
  readonly loaded: Loaded | undefined;
  readonly loader: RequestLoader;
  /** Set by the list: rows may not move now. */
  readonly isHeld: RefObject<boolean>;
}

/** How long somebody types on. Milliseconds. */
const TYPED_MS = 200;

export function useRequests(filter: Filter, beat: string, now: number): Requests {
  const { call } = useCalls();
  const [loaded, setLoaded] = useState<Loaded>();
  const isHeld = useRef(false);
  const loader = useMemo(() => new RequestLoader(call, setLoaded, () => isHeld.current === true), [call]);
  const words = JSON.stringify(filter);
  const started = useRef(false);
  useEffect(() => {
    const wait = started.current && filter.q !== undefined ? TYPED_MS : 0;
    started.current = true;
    const timer = setTimeout(() => loader.start(filter), wait);
    return () => clearTimeout(timer);
    // A filter with the same words is the same.
  }, [loader, words]);
  // Before the browser paints what the beat or the second brought, so that both are painted at once.
  useLayoutEffect(() => loader.look(), [loader, beat]);
  const second = Math.floor(now / 1000);
  useLayoutEffect(() => loader.tick(), [loader, second]);
  useEffect(() => () => loader.end(), [loader]);
  return useMemo(() => ({ loaded, loader, isHeld }), [loaded, loader]);
}

export type Seen = CommandOutput<'request'>;
export type Body = CommandOutput<'request_body'>;

export interface SeenRequest {
  readonly seen: Seen | undefined;
  /** Undefined until it is known. */
  readonly body: Body | undefined;
  /** Why it cannot be shown, as a sentence; `isGone`: it is not kept any more. */
  readonly problem: string | undefined;
  readonly isGone: boolean;
}

/** One request, asked for at once, and again at each beat and each second until it has ended; and its texts, when it came and ended. */
export function useRequest(id: string, beat: string, now: number): SeenRequest {
  const { call } = useCalls();
  const [seen, setSeen] = useState<Seen>();
  const [body, setBody] = useState<Body>();
  const [error, setError] = useState<unknown>();
  const hasEnded = seen !== undefined && !isLiving(seen);
  const second = hasEnded || seen === undefined ? 0 : Math.floor(now / 1000);
  const under = useRef(false);
  useEffect(() => {
    if (hasEnded || under.current) return;
    under.current = true;
    call('request', { request_id: id })
      .then(
        (answer) => {
          setSeen(answer);
          setError(undefined);
        },
        (reason: unknown) => setError(reason),
      )
      .finally(() => (under.current = false));
    // The component is made anew for another id.
  }, [call, id, beat, second, hasEnded]);
  useEffect(() => {
    // What cannot be had is not shown: the row and its detail stand without it.
    call('request_body', { request_id: id }).then(setBody, () => undefined);
  }, [call, id, hasEnded]);
  const isGone = error instanceof CallError && error.code === 'request_not_found';
  return { seen, body, problem: error === undefined ? undefined : sentenceOf(error), isGone };
}
