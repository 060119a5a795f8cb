// A prompt that may be analysed. Everything is computed on first use, since most requests are answered before anybody
// asks.
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

  /** Includes the text, which is built anew each time, so that a waiting request does not hold it twice. */
  withText(): Remembered & { readonly text: string } {
    const parts = promptOf(this.#request);
    const text = textOf(parts);
    return { text, outline: (this.#outline ??= outlineOf(parts, text)) };
  }
}
