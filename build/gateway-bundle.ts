// Makes `dist/hearth.mjs`: the headless gateway with its packages in one file, and its source map beside it.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { Plugin } from 'rolldown';
import { pack, unpack, type Program } from '../backend/cli/carried.ts';
import { bundle, type Bundled } from './bundle.ts';
import { onDemand } from './on-demand.ts';
import { parts } from './parts.ts';

const SHEBANG = '#!/usr/bin/env node\n';
const ID_CHARS = 16;

/** The gateway's program, as a function of `require` and of the file that it is in. */
export async function gatewayProgram(
  project: string,
  version: string,
): Promise<Bundled & Omit<Program, 'linesBefore'>> {
  const numbered: Plugin = {
    name: 'version',
    load: (id) =>
      /[\\/]backend[\\/]cli[\\/]version\.ts$/.test(id) ? `export const VERSION = ${JSON.stringify(version)};` : null,
  };
  // Without blanks it is a fifth smaller to install and to read. Names stay, for stack traces.
  const minify = { mangle: false } as const;
  const carried = await onDemand(project);
  const made = await bundle(project, 'backend/cli/program.ts', 'cjs', [carried.plugin, parts, numbered], { minify });
  const code = `(function (require, __filename) {\n${made.code}\n})`;
  const id = createHash('sha256').update(code).digest('hex').slice(0, ID_CHARS);
  // The line of the function's head has no source.
  const modules = [...made.modules, ...carried.modules];
  return { ...made, modules, code, id, map: { ...made.map, mappings: `;${made.map.mappings}` } };
}

/** Writes hearth.mjs and its map into `folder`; what V8 made of an earlier one is gone. Returns the modules inside. */
export async function makeGateway(project: string, folder: string, version: string): Promise<readonly string[]> {
  const program = await gatewayProgram(project, version);
  const head = await bundle(project, 'backend/cli/boot-file.ts', 'esm', []);
  const text = pack(`${SHEBANG}${head.code}`, program);
  const file = join(folder, 'hearth.mjs');
  await mkdir(folder, { recursive: true });
  await rm(`${file}.cache`, { force: true });
  await writeFile(file, text, { mode: 0o755 });
  const { linesBefore } = unpack(text);
  const mappings = ';'.repeat(linesBefore) + program.map.mappings;
  await writeFile(`${file}.map`, JSON.stringify({ version: 3, ...program.map, mappings }));
  return [...program.modules, ...head.modules];
}
