// Which Hearth this is. The bundle has the number in place of this file, since no package.json goes with it (build/gateway-bundle.ts).
import { readFileSync } from 'node:fs';

/** Seen from the source, and from what is compiled of it in dist/. */
const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..';
const manifest = new URL(`${up}/package.json`, import.meta.url);

export const VERSION = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
