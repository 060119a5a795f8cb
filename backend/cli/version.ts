// Which Hearth this is. The bundle has the number in place of this file, since no package.json goes with it (build/gateway-bundle.ts).
import { readFileSync } from 'node:fs';

const manifest = new URL('../../../package.json', import.meta.url);

export const VERSION = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
