// The inner door: connections of Hearth itself, which are on no network. What comes on one goes through the whole house as every
// request does; who asks is known, so no key is asked for.
import { createServer, type RequestListener, type Server } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import { LOCAL } from '../core/ownership.ts';
import type { ReadConfig } from '../core/ports.ts';
import { asksAgain, keyOfOwner, showedKey } from './door/caller.ts';
import type { Guard } from './door/guard.ts';
import type { UnderWay } from './wire/under-way.ts';

/** For whom something is asked. */
export interface Asker {
  readonly owner: string;
  /** Where that one is, as an IP address. */
  readonly from: string;
  /** It was asked before: the model is to be asked anew. */
  readonly again: boolean;
}

/** Whoever sits at this machine. */
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

  /** What is left to check is whether the asker's key is still good. */
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

  /** Who answers: the house, behind the guard above. */
  answeredBy(listener: RequestListener): void {
    // It never listens, and no request takes too long.
    this.#server = createServer({ requestTimeout: 0 }, listener);
  }

  /** A connection for one request; destroy it to take that back. */
  connect(asker: Asker): Duplex {
    const [near, far] = duplexPair();
    this.#askers.set(far, asker);
    this.#underWay.counts(far);
    this.#open.add(near);
    // Node closes the one half only when the other has ended, not when it is destroyed.
    near.once('close', () => {
      this.#open.delete(near);
      far.destroy();
    });
    far.once('close', () => near.destroy());
    // Node takes connections that are handed in so ("Event: 'connection'").
    this.#server?.emit('connection', Object.assign(far, { remoteAddress: asker.from }));
    return near;
  }

  /** Cuts what is still open. */
  close(): void {
    for (const near of this.#open) near.destroy();
  }
}
