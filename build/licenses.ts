// The licence texts of the packages in a bundle, which is copied without them. Electron and Chromium bring their own.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** All texts in one, for bundles of these modules. Throws when a package brings none and names no licence. */
export function licensesOf(modules: readonly string[]): string {
  const texts = new Map<string, string>();
  for (const folder of new Set(modules.flatMap((path) => packageOf(path) ?? []))) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    texts.set(`${manifest.name} ${manifest.version}`, textIn(folder, manifest));
  }
  const sections = [...texts.keys()].toSorted().map((key) => `${key}\n${'-'.repeat(key.length)}\n\n${texts.get(key)}`);
  return `Hearth contains the following packages.\n\n\n${sections.join('\n\n\n')}\n`;
}

/** Where a Node's own licence text lies, seen from the folder of its program: in its archives, and in NodeSource's and Debian's packages. */
const NODES_TEXTS = ['LICENSE', '../LICENSE', '../share/doc/nodejs/LICENSE', '../share/doc/nodejs/copyright'];

/**
 * The licence text of a Node and of all that is compiled into it, for an executable that has it inside. Throws when it is
 * not where Node's makers put it.
 */
export function licenseOfNode(program: string): string {
  const places = NODES_TEXTS.map((name) => join(dirname(program), name));
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`The licence text of ${program} is in none of ${places.join(', ')}.`);
  return readFileSync(found, 'utf8');
}

/** The folder of the package that a module is in; undefined for our own modules. */
function packageOf(path: string): string | undefined {
  const [, folder] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path) ?? [];
  return folder !== undefined && existsSync(join(folder, 'package.json')) ? folder : undefined;
}

function textIn(folder: string, { name, license }: Manifest): string {
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim();
  if (license === undefined) throw new Error(`${name} says nothing about its licence`);
  return `Licence: ${license} (the package brings no text).`;
}
