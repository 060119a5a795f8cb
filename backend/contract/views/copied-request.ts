// Renders a request as a program that sends it: for a POSIX shell, for JavaScript, for Python without packages. Each
// text is quoted so that it comes out byte for byte; if there are two ways, the more readable one is used.
import type { CopyForm } from './request-body.ts';

/** A request to be copied. */
export interface ToCopy {
  readonly method: string;
  /** With scheme, host, path and query. */
  readonly url: string;
  /** The relevant headers, without keys. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Notes for the reader, one per line. */
  readonly notes: readonly string[];
}

/** Placeholder for a key that the request needs. */
export const KEY_PLACE = 'YOUR_KEY';

/** Linux accepts no argument of 128 KiB, and a character counted here has up to three bytes. Characters. */
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
    // Not --data, which takes a body that starts with "@" for a file name.
    long ? `--data-binary @- <<'${endOf(body)}'\n${body}\n${endOf(body)}` : `--data-raw ${shell(body)}`,
  ];
  return [...commented('#', notes), lines.join(' \\\n  '), ''].join('\n');
}

/** Inside single quotes only the closing quote is special. */
function shell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The line that ends a here-document; no line of the body may equal it. */
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

/** A string literal, without escapes where possible: a template must not contain its own end or a placeholder. */
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

/** JSON's escapes are valid in Python too. */
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
