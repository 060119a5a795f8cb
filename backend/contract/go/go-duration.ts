// How long, as Go's time.ParseDuration and Ollama's keep_alive read it, with Go's sentences. What the time means is
// duration.ts, which also takes what our own routes do beyond it.
import { ExactJson } from './exact-json.ts';
import { GoRefusal, goTypeOf } from './go-type.ts';

/** Nanoseconds in each unit. */
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

/** Nanoseconds that do not fit into 64 bits any more. */
const TOO_LONG = 2 ** 63;

/** Ollama's api.Duration (api/types.go): a number of seconds, or a text with units. Throws GoRefusal. */
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

/** As package time quotes: every byte that is not plain ASCII by its number. */
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
