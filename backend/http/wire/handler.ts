// The type of functions that answer requests of node:http. router.ts chooses the handler of a route.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Arrival } from './arrival.ts';

/** Answers a request; an error that it throws becomes the answer. */
export type Handler = (req: IncomingMessage, res: ServerResponse, arrival: Arrival) => Promise<void>;

/** Makes handlers from functions that share the same parts; the headers of every answer are set first. */
export function handlersWith<P>(
  parts: P,
): (answer: (parts: P, req: IncomingMessage, res: ServerResponse) => Promise<void>) => Handler {
  return (answer) => (req, res, arrival) => {
    arrival.dress(res);
    return answer(parts, req, res);
  };
}
