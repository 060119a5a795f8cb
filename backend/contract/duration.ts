// Reads keep_alive in all of Ollama's forms as a number of seconds. It formats nothing and knows no default; other
// times in Hearth are plain numbers with their unit in the name.

/** Ollama stores a duration as nanoseconds in 64 bits; longer ones do not fit. */
const LONGEST_SECONDS = 9_223_372_036;

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6, // the Greek letter; the line above has the micro sign, and Go takes both
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

// Each digit can match in one place only: with two places, time would grow with the square of the length.
const PIECE = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gu;
const DURATION = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/u;
const BARE_INTEGER = /^[+-]?\d+$/;

/**
 * How long a model stays loaded after an answer. Takes a Go duration ("15m", "1h30m"), a whole number of seconds as
 * text ("300") or a number of seconds (90.5). Returns seconds, 0 for "unload at once", -1 for "forever" (for any
 * negative value), and NaN for anything else. The result can be sent to Ollama: unlike text, a number is always read as
 * seconds there.
 */
export function keepAliveSeconds(value: string | number): number {
  const seconds = typeof value === 'number' ? value : textSeconds(value.trim());
  if (Number.isNaN(seconds) || Math.abs(seconds) > LONGEST_SECONDS) return Number.NaN;
  if (seconds < 0) return -1;
  return seconds === 0 ? 0 : seconds; // -0 becomes 0
}

function textSeconds(text: string): number {
  if (BARE_INTEGER.test(text)) return Number(text);
  if (!DURATION.test(text)) return Number.NaN;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(PIECE)) seconds += Number(amount) * (SECONDS_PER_UNIT[unit ?? ''] ?? 0);
  return text.startsWith('-') ? -seconds : seconds;
}
