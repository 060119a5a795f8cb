// Hearth's version. The bundle replaces this file by the number, since it ships without a package.json
// (build/gateway-bundle.ts).
import { readFileSync } from 'node:fs';

/** Relative to the source, or to the compiled file in dist/. */
const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..';
const manifest = new URL(`${up}/package.json`, import.meta.url);

export const VERSION = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
