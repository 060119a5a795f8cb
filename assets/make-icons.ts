// `npm run icons`: draws every picture of the app anew from the SVG sources. Run it after a change of a source.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { allIcons } from './icon-plan.ts';

/** This file runs as dist/assets/make-icons.js. */
const assets = join(import.meta.dirname, '..', '..', 'assets');
const out = join(assets, 'icons');

const files = allIcons(join(assets, 'svg'));
rmSync(out, { recursive: true, force: true });
for (const { path, bytes } of files) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), bytes);
}
process.stdout.write(`${files.length} pictures in assets/icons\n`);
