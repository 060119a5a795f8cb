// What was asked and answered, put together: where it is kept, who asks again, and what the host can do with it. Made by
// backend.ts alone.
import type { AskedAgain, CopyForm, RequestBody, TextsRemoved, Watching } from './contract/views/request-body.ts';
import { LOCAL } from './core/ownership.ts';
import { copyRequest } from './core/stories/views/copy-request.ts';
import { RequestTexts, type RequestTextsOptions } from './core/stories/views/request-texts.ts';
import { Again, type AgainParts } from './http/again.ts';
import { InnerDoor } from './http/inner-door.ts';
import type { UnderWay } from './http/wire/under-way.ts';
import type { Stores } from './stores.ts';

/** What the host of a running gateway can do with what was asked and answered. */
export interface TextControl {
  /** Keeps it for so many minutes; 0 ends that. Until when is in the health too. */
  watch(minutes: number): Watching;
  /** What a request asked and was answered, and why what is missing is not kept. Throws request_not_found. */
  body(requestId: string): RequestBody;
  /** Asks the same once more. Rejects with request_not_found, text_not_kept, and what the request is refused with. */
  again(requestId: string): Promise<AskedAgain>;
  /** A request as a program that sends it, without keys. Throws request_not_found. */
  copy(requestId: string, form: CopyForm): string;
  /** Takes away at once all that was kept. */
  forgetTexts(): TextsRemoved;
}

export interface TextWork {
  readonly texts: RequestTexts;
  readonly again: Again;
  readonly innerDoor: InnerDoor;
  /** `url`: where the gateway is. */
  control(url: string): TextControl;
}

type Options = Omit<RequestTextsOptions, 'store' | 'requestLog' | 'onChange'> & Omit<AgainParts, 'texts' | 'innerDoor'>;

export interface TextWorkOptions extends Options {
  readonly stores: Pick<Stores, 'texts' | 'requests'>;
  readonly underWay: Pick<UnderWay, 'counts'>;
  /** "Watch closely" has begun or ended. */
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
