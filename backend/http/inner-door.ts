// The inner door: in-memory connections of Hearth to itself. A request on one takes the same way as every other
// request, but its caller is known, so no key is asked for.
import { createServer, type RequestListener, type Server } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import { LOCAL } from '../core/ownership.ts';
import type { ReadConfig } from '../core/ports.ts';
import { asksAgain, keyOfOwner, showedKey } from './door/caller.ts';
import type { Guard } from './door/guard.ts';
import type { UnderWay } from './wire/under-way.ts';

/** On whose behalf Hearth sends a request. */
export interface Asker {
  readonly owner: string;
  /** The caller's IP address. */
  readonly from: string;
  /** True for "run again": the model must run anew instead of answering from the cache. */
  readonly again: boolean;
}

/** The user of this machine. */
export const HOST: Asker = { owner: LOCAL, from: '127.0.0.1', again: false };

export class InnerDoor {
  readonly #config: ReadConfig;
  readonly #underWay: Pick<UnderWay, 'counts'>;
  readonly #askers = new WeakMap<Duplex, Asker>();
  readonly #open = new Set<Duplex>();
  #server: Server | undefined;

  constructor({ config, underWay }: { readonly config: ReadConfig; readonly underWay: Pick<UnderWay, 'counts'> }) {
    this.#config = config;
    this.#underWay = underWay;
  }

  /** The caller is known, so this checks only that the caller's key is still good. */
  readonly guard: Guard = {
    recall: () => undefined,
    admit: (req) => {
      const asker = this.#askers.get(req.socket);
      const key = keyOfOwner(asker?.owner ?? '', this.#config().server.api_keys);
      if (key !== undefined) showedKey(req, key);
      if (asker?.again === true) asksAgain(req);
      return 'admitted';
    },
  };

  /** Sets the listener that answers requests of this door, behind the guard above. */
  answeredBy(listener: RequestListener): void {
    // This server never listens, and its requests have no time limit.
    this.#server = createServer({ requestTimeout: 0 }, listener);
  }

  /** Opens a connection for one request; destroy the connection to cancel the request. */
  connect(asker: Asker): Duplex {
    const [near, far] = duplexPair();
    this.#askers.set(far, asker);
    this.#underWay.counts(far);
    this.#open.add(near);
    // Node closes the far half only when the near half has ended, not when it is destroyed.
    near.once('close', () => {
      this.#open.delete(near);
      far.destroy();
    });
    far.once('close', () => near.destroy());
    // Node's way to hand a connection to a server ("Event: 'connection'").
    this.#server?.emit('connection', Object.assign(far, { remoteAddress: asker.from }));
    return near;
  }

  /** Destroys the connections that are still open. */
  close(): void {
    for (const near of this.#open) near.destroy();
  }
}
