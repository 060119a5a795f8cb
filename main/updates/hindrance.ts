// Whether what was fetched can be put in the place of the app, looked at before anything is ended for it.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { t } from '../../words/texts.ts';

/**
 * Why it cannot, as a sentence; undefined where it can. `image`: the AppImage that runs, where one does. It takes itself away before
 * what was fetched is put there, and folders of caches are emptied by many programs.
 */
export async function hindranceOf(fetched: readonly string[], image: string | undefined): Promise<string | undefined> {
  const isThere = await Promise.all(fetched.map((file) => access(file))).then(() => true, () => false); // prettier-ignore
  if (!isThere) return t('updates.gone');
  if (image === undefined) return undefined;
  const folder = dirname(image);
  const cannot = await access(folder, constants.W_OK).then(() => false, () => true); // prettier-ignore
  return cannot ? t('updates.not_writable', { folder }) : undefined;
}
