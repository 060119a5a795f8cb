// The licence texts of everything that is shipped: the packages the app loads, and those bundled into its page. Electron
// and Chromium bring their own files.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Bundled into the page by vite, and therefore no dependencies of the running app. */
const BUNDLED = ['preact', 'uplot'];

/** Writes all texts into one file. Throws when a package brings none and names no licence. */
export function writeLicenses(project: string, file: string): void {
  const root = manifestIn(project);
  const texts = new Map<string, string>();
  const visit = (from: string, name: string): void => {
    const folder = find(from, name);
    if (folder === undefined) return;
    const manifest = manifestIn(folder);
    const key = `${manifest.name} ${manifest.version}`;
    if (texts.has(key)) return;
    texts.set(key, textIn(folder, manifest));
    for (const dependency of Object.keys(manifest.dependencies ?? {})) visit(folder, dependency);
  };
  for (const name of [...Object.keys(root.dependencies ?? {}), ...BUNDLED]) visit(project, name);
  const sections = [...texts.keys()].toSorted().map((key) => `${key}\n${'-'.repeat(key.length)}\n\n${texts.get(key)}`);
  writeFileSync(file, `Hearth contains the following packages.\n\n\n${sections.join('\n\n\n')}\n`);
}

/** As Node looks for a package: beside the one that asks, then further up. */
function find(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function textIn(folder: string, { name, license }: Manifest): string {
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim();
  if (license === undefined) throw new Error(`${name} says nothing about its licence`);
  return `Licence: ${license} (the package brings no text).`;
}
