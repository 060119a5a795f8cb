// Writes figures as text: counts, bytes, durations, times of day, as the design's section 5 says. Precision is decided
// here for all languages; a Tongue says how a language writes them. The exported functions write the English of the
// command line, whatever the machine's language is. Pure; it does not know what the figures mean.
/** Between a figure and its unit: narrow, and never broken at a line end. */
export const THIN = '\u202F';

/** For what was not measured; never 0. */
export const NOTHING = '–';

/** How a language writes figures. */
export interface Tongue {
  /** A number with a fixed number of digits after the point. */
  fixed(value: number, digits: number): string;
  /** 2 → "2 days" */
  days(value: number): string;
  /** "9 s" → "in about 9 s" */
  about(time: string): string;
  /** "21 Nov" */
  dayOfMonth(at: number): string;
}

/** 2, "request" → "2 requests"; pass an irregular plural as `many`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** The time of day: "09:12", or "13:56:30" for steps shorter than a minute. */
export function timeOfDay(at: number, seconds = false): string {
  const time = new Date(at);
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  return seconds ? `${clock}:${two(time.getSeconds())}` : clock;
}

export type Figures = ReturnType<typeof figuresOf>;

/** All figures as a language writes them. */
export function figuresOf(tongue: Tongue) {
  const { fixed } = tongue;

  /** 48210 → "48,210" */
  const count = (value: number): string => fixed(Math.round(value), 0);

  /** 0.643 → "64 %" */
  const percent = (share: number): string => `${Math.round(share * 100)}${THIN}%`;

  /** Bytes as Ollama counts them, in thousands: "2.9 GB", "14 GB", "820 MB". */
  function bytes(value: number): string {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let amount = value;
    let unit = 0;
    // 999.5 would be rounded to 1000 of the smaller unit.
    while (amount >= 999.5 && unit < units.length - 1) {
      amount /= 1000;
      unit++;
    }
    const digits = unit >= 3 && amount < 9.95 ? 1 : 0;
    return `${fixed(amount, digits)}${THIN}${units[unit]}`;
  }

  /** Megabytes of 1024 KB: "0 MB", "38 KB", "3.4 MB", "212 MB". */
  function megabytes(mb: number): string {
    if (mb <= 0) return '0 MB';
    if (mb < 0.95) return `${Math.max(1, Math.round(mb * 1024))} KB`;
    return `${fixed(mb, mb < 9.95 ? 1 : 0)} MB`;
  }

  /** The figure and its unit separately: 412 → ["0.41", "s"]; longer durations have no single unit. */
  function durationParts(ms: number): readonly [figure: string, unit: string] {
    if (ms < 99.5) return [fixed(Math.max(0, ms), 0), 'ms'];
    if (ms < 995) return [fixed(ms / 1000, 2), 's'];
    if (ms < 9950) return [fixed(ms / 1000, 1), 's'];
    if (ms < 59_500) return [fixed(ms / 1000, 0), 's'];
    return [longDuration(ms), ''];
  }

  /** "3 ms", "0.41 s", "9.8 s", "41 s", "4 min 10 s", "2 h" */
  function duration(ms: number): string {
    const [figure, unit] = durationParts(ms);
    return unit === '' ? figure : `${figure}${THIN}${unit}`;
  }

  /** A measured time for comparison with others: "3 ms", "0.41 s", "3.3 s", "30.2 s", "4 min 10 s". */
  function fineDuration(ms: number): string {
    if (ms < 995) return duration(ms);
    if (ms >= 59_950) return longDuration(ms);
    return `${fixed(ms / 1000, 1)}${THIN}s`;
  }

  /** Whole seconds and more, for a running clock: "8 s", "4 min 10 s". */
  function clockDuration(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1000));
    return seconds < 60 ? `${seconds}${THIN}s` : longDuration(seconds * 1000);
  }

  /** An estimated time ahead, rounded: "9 s", "12 min", "2 h". */
  function roughly(ms: number): string {
    const seconds = Math.max(1, Math.round(ms / 1000));
    if (seconds < 60) return `${seconds}${THIN}s`;
    if (seconds < 3570) return `${Math.round(seconds / 60)}${THIN}min`;
    if (seconds < 171_000) return `${Math.round(seconds / 3600)}${THIN}h`;
    return tongue.days(Math.round(seconds / 86_400));
  }

  /** "in about 9 s" */
  const eta = (ms: number): string => tongue.about(roughly(ms));

  function longDuration(ms: number): string {
    const seconds = Math.round(ms / 1000);
    const [h, min, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
    const pieces = h > 0 ? ([[h, 'h'], [min, 'min']] as const) : ([[min, 'min'], [s, 's']] as const); // prettier-ignore
    return pieces
      .filter(([value]) => value > 0)
      .map(([value, unit]) => `${count(value)}${THIN}${unit}`)
      .join(' ');
  }

  /** "21 Nov" */
  const dayOfMonth = (at: number): string => tongue.dayOfMonth(at);

  /** "21 Nov, 09:12" */
  const dayAndTime = (at: number): string => `${dayOfMonth(at)}, ${timeOfDay(at)}`;

  /** "09:12", with the day in front if that is not today: "21 Nov, 09:12". */
  function moment(at: number, now: number): string {
    const today = new Date(at).toDateString() === new Date(now).toDateString();
    return today ? timeOfDay(at) : dayAndTime(at);
  }

  return {
    count,
    percent,
    bytes,
    megabytes,
    durationParts,
    duration,
    fineDuration,
    clockDuration,
    roughly,
    eta,
    dayOfMonth,
    dayAndTime,
    moment,
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec'];

/** By hand: Intl takes as long to load as the rest of a short command. */
const english = figuresOf({
  fixed: (value, digits) => value.toFixed(digits).replaceAll(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ','),
  days: (value) => plural(value, 'day'),
  about: (time) => `in about ${time}`,
  dayOfMonth(at) {
    const day = new Date(at);
    return `${day.getDate()} ${MONTHS[day.getMonth()] ?? ''}`;
  },
});
export const { count, percent, bytes, megabytes, duration, clockDuration, roughly, eta, dayAndTime, moment } = english;
