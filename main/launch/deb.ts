// Makes a .deb by Debian's own dpkg-deb. electron-builder asks for it in the words of fpm, a program that it would download
// (pack.ts names this one in its place): `-s dir -t deb --name hearth … what=where what=where`. It knows what electron-builder says,
// and refuses anything else.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

/** The options of fpm that say nothing here. */
const UNHEARD = ['-s', '-t', '--vendor', '--license'];
/** Those with a value that stands in the package, and how often. */
const ONCE = {
  '--name': 'Package',
  '--version': 'Version',
  '--architecture': 'Architecture',
  '--maintainer': 'Maintainer',
  '--category': 'Section',
  '--deb-priority': 'Priority',
  '--url': 'Homepage',
  '--description': 'Description',
} as const;
const LISTS = { '-d': 'Depends', '--deb-recommends': 'Recommends' } as const;
const SCRIPTS = { '--after-install': 'postinst', '--after-remove': 'postrm' } as const;

export interface Deb {
  /** The file to be made. */
  readonly file: string;
  /** `xz`, `gzip`, `zstd` or `none`. */
  readonly compression: string;
  /** Fields of the package's control file, but its size. */
  readonly fields: ReadonlyMap<string, string>;
  /** Names of dpkg's scripts, and the files with their text. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Files, and folders whose name ends with a slash, each with its place in the system. */
  readonly contents: readonly (readonly [from: string, to: string])[];
}

/** Reads fpm's arguments. Throws for what is not known. */
export function readFpmArgs(args: readonly string[]): Deb {
  const fields = new Map<string, string>();
  const scripts = new Map<string, string>();
  const contents: [string, string][] = [];
  let [file, compression] = ['', 'xz'];
  for (const rest = [...args]; ;) {
    const word = rest.shift();
    if (word === undefined) break;
    if (word === '--force') continue;
    if (!word.startsWith('-')) {
      const cut = word.lastIndexOf('=');
      if (cut < 1) throw new Error(`${word} has no place in the system: what=where.`);
      contents.push([word.slice(0, cut), word.slice(cut + 1)]);
      continue;
    }
    const value = rest.shift() ?? '';
    if (UNHEARD.includes(word)) continue;
    if (word === '--package') file = value;
    else if (word === '--deb-compression') compression = value;
    else if (word in ONCE) fields.set(ONCE[word as keyof typeof ONCE], value);
    else if (word in SCRIPTS) scripts.set(SCRIPTS[word as keyof typeof SCRIPTS], value);
    else if (word in LISTS) {
      const name = LISTS[word as keyof typeof LISTS];
      const before = fields.get(name);
      fields.set(name, before === undefined ? value : `${before}, ${value}`);
    } else throw new Error(`${word} is an option of fpm that is not known here.`);
  }
  // Where no page is known electron-builder is told of an empty one.
  if (!/^https?:/.test(fields.get('Homepage') ?? '')) fields.delete('Homepage');
  return { file, compression, fields, scripts, contents };
}

/** Makes the file. Rejects with what dpkg-deb says. */
export async function makeDeb({ file, compression, fields, scripts, contents }: Deb): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'hearth-deb-'));
  try {
    for (const [from, to] of contents) {
      const place = join(root, to);
      await mkdir(dirname(place), { recursive: true });
      await cp(from, place, { recursive: true, verbatimSymlinks: true });
    }
    const control = join(root, 'DEBIAN');
    const { sums, bytes } = await tidy(root);
    await mkdir(control);
    await writeFile(join(control, 'md5sums'), sums);
    await writeFile(join(control, 'control'), controlOf(fields, bytes));
    for (const [name, from] of scripts) await writeFile(join(control, name), await readFile(from), { mode: 0o755 });
    await chmod(root, 0o755);
    await promisify(execFile)('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', root, file]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Everybody may read everything, whatever the mask here is. Gives the sums of all files in md5sum's form, and their bytes. */
async function tidy(root: string): Promise<{ readonly sums: string; readonly bytes: number }> {
  let [sums, bytes] = ['', 0];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    if (!entry.isFile()) continue;
    const { mode, size } = await stat(path);
    await chmod(path, (mode & 0o100) === 0 ? 0o644 : 0o755);
    const sum = createHash('md5');
    await pipeline(createReadStream(path), sum);
    sums += `${sum.digest('hex')}  ${relative(root, path)}\n`;
    bytes += size;
  }
  return { sums, bytes };
}

/** deb-control(5): the size is in KiB, and further lines of a text are set in. */
function controlOf(fields: ReadonlyMap<string, string>, bytes: number): string {
  const lines = [...fields, ['Installed-Size', String(Math.ceil(bytes / 1024))] as const].map(
    ([name, value]) => `${name}: ${value.trim().replaceAll(/\n\s*/g, '\n ')}\n`,
  );
  return lines.join('');
}

if (process.argv[1] === import.meta.filename) await makeDeb(readFpmArgs(process.argv.slice(2)));
