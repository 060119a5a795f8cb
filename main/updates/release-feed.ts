// Where a copy of the app asks for newer releases, and the key that those are signed with: two files beside it, which packing puts
// there (docs/releasing.md). A copy without both asks nobody.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Feed {
  /** electron-builder's file with the address. */
  readonly configFile: string;
  /** In PEM. */
  readonly publicKey: string;
}

/** `folder`: the resources of the packed app. */
export function feedIn(folder: string | undefined): Feed | undefined {
  if (folder === undefined) return undefined;
  const configFile = join(folder, 'app-update.yml');
  try {
    readFileSync(configFile);
    return { configFile, publicKey: readFileSync(join(folder, 'release-key.pem'), 'utf8') };
  } catch {
    return undefined;
  }
}
