// A prompt that may have to be looked at: what is made of it is made when it is first asked for, since most requests are answered
// before anybody wants to know.
import type { Beginnings, Readable } from '../beginnings.ts';
import type { UpstreamRequest } from '../ports.ts';
import { beginningsOf, outlineOf, textOf, type Outline } from './outline.ts';
import type { Remembered } from './parting.ts';
import { promptOf } from './prompt.ts';

export class Prompt implements Readable {
  readonly #request: UpstreamRequest;
  #outline: Outline | undefined;
  #beginnings: Beginnings | undefined;

  constructor(request: UpstreamRequest) {
    this.#request = request;
  }

  get outline(): Outline {
    return this.#outline ?? this.withText().outline;
  }

  get beginnings(): Beginnings {
    return (this.#beginnings ??= beginningsOf(this.outline));
  }

  /** With its text, which is put together anew each time: who waits does not hold it twice. */
  withText(): Remembered & { readonly text: string } {
    const parts = promptOf(this.#request);
    const text = textOf(parts);
    return { text, outline: (this.#outline ??= outlineOf(parts, text)) };
  }
}
