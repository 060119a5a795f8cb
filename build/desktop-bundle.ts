// Makes `dist/desktop/main.js`: the desktop's main process with its packages in one file. Electron stays outside.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { parts } from './parts.ts';

/** Writes it with its map into `folder`. Returns the modules inside. */
export async function makeDesktop(project: string, folder: string): Promise<readonly string[]> {
  const { code, map, modules } = await bundle(project, 'main/main.ts', 'esm', [parts], {
    external: ['electron'],
    // V8 keeps the text in memory for as long as the app lives. Names stay, for stack traces.
    minify: { mangle: false },
  });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'main.js'), code);
  await writeFile(join(folder, 'main.js.map'), JSON.stringify({ version: 3, ...map }));
  return modules;
}
