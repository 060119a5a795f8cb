// Wires up the recorded words of requests and answers: their storage, asking again, and what the host can do with them.
// Created by backend.ts alone.
import type { AskedAgain, CopyForm, RequestBody, TextsRemoved, Watching } from './contract/views/request-body.ts';
import { LOCAL } from './core/ownership.ts';
import { copyRequest } from './core/stories/views/copy-request.ts';
import { RequestTexts, type RequestTextsOptions } from './core/stories/views/request-texts.ts';
import { Again, type AgainParts } from './http/again.ts';
import { InnerDoor } from './http/inner-door.ts';
import type { UnderWay } from './http/wire/under-way.ts';
import type { Stores } from './stores.ts';

/** What the host of a running gateway can do with recorded words. */
export interface TextControl {
  /** Records everything for that many minutes; 0 stops it. The end time is in the health report too. */
  watch(minutes: number): Watching;
  /** The words of a request and its answer, and why missing ones are not kept. Throws request_not_found. */
  body(requestId: string): RequestBody;
  /**
   * Sends the same request again. Rejects with request_not_found, text_not_kept, and the refusals of the new request.
   */
  again(requestId: string): Promise<AskedAgain>;
  /** A program that sends the request, without keys. Throws request_not_found. */
  copy(requestId: string, form: CopyForm): string;
  /** Deletes all recorded words at once. */
  forgetTexts(): TextsRemoved;
}

export interface TextWork {
  readonly texts: RequestTexts;
  readonly again: Again;
  readonly innerDoor: InnerDoor;
  /** `url`: the gateway's address. */
  control(url: string): TextControl;
}

type Options = Omit<RequestTextsOptions, 'store' | 'requestLog' | 'onChange'> & Omit<AgainParts, 'texts' | 'innerDoor'>;

export interface TextWorkOptions extends Options {
  readonly stores: Pick<Stores, 'texts' | 'requests'>;
  readonly underWay: Pick<UnderWay, 'counts'>;
  /** "Watch closely" was turned on or off. */
  onWatch(): void;
}

export function openTexts(options: TextWorkOptions): TextWork {
  const { stores, onWatch } = options;
  const texts = new RequestTexts({ ...options, store: stores.texts, requestLog: stores.requests, onChange: onWatch });
  const innerDoor = new InnerDoor(options);
  const again = new Again({ ...options, texts, innerDoor });
  return {
    texts,
    again,
    innerDoor,
    control: (url) => ({
      watch: (minutes) => texts.watch(minutes),
      body: (id) => texts.body(id, LOCAL),
      again: (id) => again.ask(id, LOCAL),
      copy: (id, form) => copyRequest(texts, { id, form, watcher: LOCAL, url }),
      forgetTexts: () => texts.clear(LOCAL),
    }),
  };
}
