// What was said in a conversation as one text, and back, without losing what JavaScript's numbers and orders cannot keep.
import { ExactJson, jsonText } from '../../contract/go/exact-json.ts';

/** A message in the form in which it goes upstream. */
export type Said = Readonly<Record<string, unknown>>;

/** Names an object that stands for a piece of JSON that is kept as it came. */
const EXACT = '$exact';

/** JSON, in which ExactJson is an object of its own. Undefined where it is nested too deeply for that. */
export function saidText(messages: readonly Said[]): string | undefined {
  try {
    return JSON.stringify(messages, function (this: Said, name: string, value: unknown) {
      // JSON.stringify has turned ExactJson into its nearest value already.
      const whole = this[name];
      if (whole instanceof ExactJson) return { [EXACT]: whole.text };
      // Somebody else's object that looks like ours.
      return isMarked(value) ? { [EXACT]: jsonText(value) } : value;
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The messages of such a text. */
export function saidFrom(text: string): readonly Said[] {
  if (!text.includes(`"${EXACT}"`)) return JSON.parse(text) as readonly Said[];
  return JSON.parse(text, (_name, value: unknown) =>
    isMarked(value) ? new ExactJson(String(value[EXACT])) : value,
  ) as readonly Said[];
}

function isMarked(value: unknown): value is Readonly<Record<typeof EXACT, unknown>> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, EXACT);
}
