// Reads durations as Go's time.ParseDuration and Ollama's keep_alive do, with Go's error messages. duration.ts gives
// the time its meaning, and also reads the extra forms of Hearth's own routes.
import { ExactJson } from './exact-json.ts';
import { GoRefusal, goTypeOf } from './go-type.ts';

/** Nanoseconds per unit. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3], // the micro sign
  ['μs', 1e3], // the Greek letter
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
]);

/** The first number of nanoseconds that does not fit into 64 bits. */
const TOO_LONG = 2 ** 63;

/** Ollama's api.Duration (api/types.go): a number of seconds, or text with units. Throws GoRefusal. */
export function keepAliveOf(value: unknown): string | number {
  if (typeof value === 'number') return value;
  if (value instanceof ExactJson) return value.valueOf();
  if (typeof value === 'string') {
    checkDuration(value);
    return value;
  }
  throw new GoRefusal(`Unsupported type: '${goTypeOf(value)}'`);
}

function checkDuration(text: string): void {
  const wrong = (what: string): GoRefusal => new GoRefusal(`time: ${what} ${quoted(text)}`);
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return;
  if (rest === '') throw wrong('invalid duration');
  let sum = 0;
  while (rest !== '') {
    const [amount = ''] = /^(?:\d+\.?\d*|\.\d+)/.exec(rest) ?? [];
    if (amount === '') throw wrong('invalid duration');
    rest = rest.slice(amount.length);
    const [unit = ''] = /^[^.\d]*/.exec(rest) ?? [];
    if (unit === '') throw wrong('missing unit in duration');
    const nanoseconds = UNITS.get(unit);
    if (nanoseconds === undefined) throw wrong(`unknown unit ${quoted(unit)} in duration`);
    rest = rest.slice(unit.length);
    sum += Number(amount) * nanoseconds;
    if (sum >= TOO_LONG) throw wrong('invalid duration');
  }
}

/** Quotes as package time does: every byte that is not printable ASCII as \x and its code. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll(/["\\]/g, String.raw`\$&`)
    // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
    .replaceAll(/[\u0000-\u001f\u0080-\u{10ffff}]/gu, (character) =>
      encodeURIComponent(character)
        .toLowerCase()
        .replaceAll('%', String.raw`\x`),
    );
  return `"${escaped}"`;
}
