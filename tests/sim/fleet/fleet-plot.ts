// Plots for docs/scale.md as SVG: lines over a logarithmic axis, readable on light and dark pages alike.

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Axis {
  readonly title: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** Whether equal steps are equal factors. */
  readonly log: boolean;
}

const WIDTH = 720;
const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 190, 20, 55];
const COLOURS = ['#2f7fd6', '#d9822b', '#3b9a5b', '#a259c4'];

/** A drawing of the lines. The names stand at their ends, moved apart where they would touch. `limit`: a line that is not to be crossed. */
export function plot(
  title: string,
  x: Axis,
  y: Axis,
  lines: readonly Line[],
  limit?: { at: number; text: string },
): string {
  const across = scale(x, LEFT, WIDTH - RIGHT);
  const up = scale(y, HEIGHT - BOTTOM, TOP);
  const path = ({ points }: Line): string =>
    points.map((point, i) => `${i === 0 ? 'M' : 'L'}${across(point.x).toFixed(1)} ${up(point.y).toFixed(1)}`).join(' ');
  const ends = apart(lines.map(({ points }) => up(points.at(-1)?.y ?? 0)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}" font-family="sans-serif" font-size="12">`,
    '<style>text{fill:#444}.grid{stroke:#8883;fill:none}.limit{stroke:#c33;stroke-dasharray:5 4;fill:none}@media (prefers-color-scheme:dark){text{fill:#ccc}}</style>',
    ...x.ticks.map(({ at, text }) => {
      const place = across(at).toFixed(1);
      return `<path class="grid" d="M${place} ${TOP}V${HEIGHT - BOTTOM}"/><text x="${place}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${text}</text>`;
    }),
    ...y.ticks.map(({ at, text }) => {
      const place = up(at).toFixed(1);
      return `<path class="grid" d="M${LEFT} ${place}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${place}" dy="4" text-anchor="end">${text}</text>`;
    }),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${x.title}</text>`,
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${y.title}</text>`,
    ...(limit === undefined
      ? []
      : [
          `<path class="limit" d="M${LEFT} ${up(limit.at).toFixed(1)}H${WIDTH - RIGHT}"/>`,
          `<text x="${LEFT + 6}" y="${(up(limit.at) - 6).toFixed(1)}">${limit.text}</text>`,
        ]),
    ...lines.map(
      (line, i) => `<path d="${path(line)}" fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="2"/>`,
    ),
    ...lines.map(
      ({ name }, i) =>
        `<text x="${WIDTH - RIGHT + 8}" y="${(ends[i] ?? 0).toFixed(1)}" dy="4" style="fill:${COLOURS[i % COLOURS.length]}">${name}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

function scale({ ticks, log }: Axis, from: number, to: number): (value: number) => number {
  const of = (value: number): number => (log ? Math.log10(value) : value);
  const [least, most] = [of(ticks[0]?.at ?? 1), of(ticks.at(-1)?.at ?? 1)];
  return (value) => from + ((Math.min(most, Math.max(least, of(value))) - least) / (most - least)) * (to - from);
}

/** The same places with room for a line of text between any two. */
function apart(places: readonly number[]): number[] {
  const ROOM = 15;
  const order = places.map((_, i) => i).toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const moved = [...places];
  let last = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    last = Math.max(places[i] ?? 0, last + ROOM);
    moved[i] = last;
  }
  return moved;
}
