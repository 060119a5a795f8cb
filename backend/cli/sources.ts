// Finds the source of a position in the bundle by its source map (ECMA-426). Node's own SourceMap first decodes the
// whole map, which blocks a running gateway for a quarter of a second; this one scans it once and decodes one line.

/** A position in the sources: file index, line, column; each encoded as the difference from the one before. */
type Place = [source: number, line: number, column: number];

/**
 * Numbers are written in digits of five bits, lowest first, with the sign in the lowest bit; a sixth bit says that more
 * follow.
 */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, DIGITS.indexOf(String.fromCharCode(code))));
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

export class Sources {
  readonly #sources: readonly string[];
  readonly #mappings: string;
  /** Where each line of the bundle begins in the mappings, and the position that its first difference starts from. */
  readonly #lines: { readonly at: number; readonly from: Place }[] = [];

  /** Throws if the text is not JSON. */
  constructor(map: string) {
    const { sources, mappings } = JSON.parse(map) as { readonly sources: readonly string[]; readonly mappings: string };
    this.#sources = sources;
    this.#mappings = mappings;
    const place: Place = [0, 0, 0];
    for (let at = 0; at < mappings.length;) {
      this.#lines.push({ at, from: [...place] });
      at = this.#read(at, place, () => undefined);
    }
  }

  /**
   * `file:line:column` in the sources for a line and column of the bundle, all counted from 1; undefined if unknown.
   */
  origin(line: number, column: number): string | undefined {
    const begins = this.#lines[line - 1];
    if (begins === undefined) return undefined;
    const place: Place = [...begins.from];
    let nearest: Place | undefined;
    this.#read(begins.at, place, (mapped) => {
      if (mapped < column) nearest = [...place];
    });
    if (nearest === undefined) return undefined;
    const [source, itsLine, itsColumn] = nearest;
    return `${this.#sources[source] ?? '?'}:${itsLine + 1}:${itsColumn + 1}`;
  }

  /**
   * Reads one line of mappings from `at`, updates `place`, and calls `each` with every mapped column (from 0). Returns
   * where the next line begins.
   */
  #read(at: number, place: Place, each: (column: number) => void): number {
    const text = this.#mappings;
    let column = 0;
    let field = 0;
    let value = 0;
    let shift = 0;
    for (; ; at++) {
      const code = at < text.length ? text.charCodeAt(at) : SEMICOLON;
      if (code === COMMA || code === SEMICOLON) {
        if (field > 1) each(column);
        if (code === SEMICOLON) return at + 1;
        field = 0;
        continue;
      }
      const digit = VALUES[code] ?? 0;
      value |= (digit & 31) << shift;
      shift += 5;
      if ((digit & 32) !== 0) continue;
      const step = (value & 1) === 1 ? -(value >> 1) : value >> 1;
      if (field === 0) column += step;
      else if (field === 1) place[0] += step;
      else if (field === 2) place[1] += step;
      else if (field === 3) place[2] += step;
      field++;
      value = 0;
      shift = 0;
    }
  }
}
