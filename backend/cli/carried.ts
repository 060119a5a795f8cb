// The format in which one file carries a program: in a comment at its end. The build writes it, each start reads it.

/**
 * A comment terminator inside the program is replaced by another text of the same length, so that positions stay the
 * same.
 */
const END = '*/';
const HIDDEN_END = '*\u0001';
const OPEN = '\n/* program ';

export interface Program {
  readonly code: string;
  readonly id: string;
  /** Number of lines before the program's first line. */
  readonly linesBefore: number;
}

/** A module that carries `code`, which must be ASCII. Throws if the code cannot be carried. */
export function pack(head: string, { code, id }: Omit<Program, 'linesBefore'>): string {
  if (code.includes(HIDDEN_END) || /[^\0-\x7e]/.test(head + code)) throw new Error('This code cannot be carried.');
  return `${head.trimEnd()}${OPEN}${id}\n${code.replaceAll(END, HIDDEN_END)}\n${END}\n`;
}

/** Extracts what `pack` put into a module's text. */
export function unpack(text: string): Program {
  const open = text.indexOf(OPEN);
  const start = text.indexOf('\n', open + OPEN.length) + 1;
  return {
    id: text.slice(open + OPEN.length, start - 1),
    linesBefore: text.slice(0, start).split('\n').length - 1,
    code: text.slice(start, text.lastIndexOf(`\n${END}`)).replaceAll(HIDDEN_END, END),
  };
}
