// The messages of a conversation as one text, and back, including numbers and orders that JavaScript can't represent.
import { exactParts, putExactParts, type ExactPart } from '../../contract/go/exact-parts.ts';
import { jsonText } from '../../contract/go/exact-json.ts';

/** A message in the form in which it goes upstream. */
export type Said = Readonly<Record<string, unknown>>;

interface Written {
  readonly messages: readonly Said[];
  readonly exact: readonly ExactPart[];
}

export function saidText(messages: readonly Said[]): string {
  return jsonText({ messages, exact: exactParts(messages) } satisfies Written);
}

/** The messages of a text that saidText wrote. */
export function saidFrom(text: string): readonly Said[] {
  const { messages, exact } = JSON.parse(text) as Written;
  putExactParts(messages, exact);
  return messages;
}
