// A request as a program that sends it: for a POSIX shell, for JavaScript, for Python without a package. Each text is quoted so
// that it comes out byte for byte as it went in; where there are two ways, the one that people can read and change.
import type { CopyForm } from './request-body.ts';

/** A request that is to be copied. */
export interface ToCopy {
  readonly method: string;
  /** With scheme, host, path and query. */
  readonly url: string;
  /** Those that matter; none that holds a key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What its reader should know, each in a line of its own. */
  readonly notes: readonly string[];
}

/** Stands in place of a key that the request needs. */
export const KEY_PLACE = 'YOUR_KEY';

/** Linux takes no argument of 128 KiB, and a character has up to three bytes for each that is counted here. Characters. */
const LONG = 32 * 1024;

export function copied(form: CopyForm, request: ToCopy): string {
  switch (form) {
    case 'curl':
      return asCurl(request);
    case 'fetch':
      return asFetch(request);
    case 'python':
      return asPython(request);
  }
}

// ---- a POSIX shell

function asCurl({ method, url, headers, body, notes }: ToCopy): string {
  const long = body.length > LONG;
  const lines = [
    `curl ${shell(url)}`,
    ...(method === 'POST' ? [] : [`-X ${shell(method)}`]),
    ...headerLines(headers, (name, value) => `-H ${shell(`${name}: ${value}`)}`),
    // Not --data, which takes a body that begins with "@" for the name of a file.
    long ? `--data-binary @- <<'${endOf(body)}'\n${body}\n${endOf(body)}` : `--data-raw ${shell(body)}`,
  ];
  return [...commented('#', notes), lines.join(' \\\n  '), ''].join('\n');
}

/** In single quotes nothing has a meaning but their end. */
function shell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The line that ends a here-document; none of the body may be it. */
function endOf(body: string): string {
  const lines = new Set(body.split('\n'));
  let end = 'END_OF_BODY';
  while (lines.has(end)) end += '_';
  return end;
}

// ---- JavaScript

function asFetch({ method, url, headers, body, notes }: ToCopy): string {
  return [
    ...commented('//', notes),
    `const response = await fetch(${JSON.stringify(url)}, {`,
    `  method: ${JSON.stringify(method)},`,
    '  headers: {',
    ...headerLines(headers, (name, value) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`),
    '  },',
    `  body: ${script(body)},`,
    '});',
    'console.log(await response.text());',
    '',
  ].join('\n');
}

/** A text without its own escapes where that can be: a template may hold neither its end nor a place to fill. */
function script(text: string): string {
  return /`|\$\{|\r|\0|\\$/.test(text) ? JSON.stringify(text) : `String.raw\`${text}\``;
}

// ---- Python

function asPython({ method, url, headers, body, notes }: ToCopy): string {
  return [
    ...commented('#', notes),
    'import urllib.request',
    '',
    `body = ${python(body)}`,
    'request = urllib.request.Request(',
    `    ${JSON.stringify(url)},`,
    '    data=body.encode(),',
    '    headers={',
    ...headerLines(headers, (name, value) => `        ${JSON.stringify(name)}: ${JSON.stringify(value)},`),
    '    },',
    `    method=${JSON.stringify(method)},`,
    ')',
    'with urllib.request.urlopen(request) as response:',
    '    print(response.read().decode())',
    '',
  ].join('\n');
}

/** JSON's escapes are Python's too. */
function python(text: string): string {
  return /'''|\r|\0|['\\]$/.test(text) ? JSON.stringify(text) : `r'''${text}'''`;
}

// ---- all of them

function headerLines(
  headers: Readonly<Record<string, string>>,
  line: (name: string, value: string) => string,
): readonly string[] {
  return Object.entries(headers).map(([name, value]) => line(name, value));
}

function commented(mark: string, notes: readonly string[]): readonly string[] {
  return notes.map((note) => `${mark} ${note.replaceAll(/\s+/g, ' ')}`);
}
