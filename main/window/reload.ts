// For `npm run dev`: tells when the page has been built anew. It builds nothing and knows no window.
import { watch } from 'chokidar';

/** A build empties its folder and writes several files; after this much quiet it is over. Milliseconds. */
const QUIET_MS = 200;

/** Calls `reload` after each build of the page in `folder`, for as long as the process lives. */
export async function reloadOnChange(folder: string, reload: () => void): Promise<void> {
  let soon: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { ignoreInitial: true });
  watcher.on('all', () => {
    clearTimeout(soon);
    soon = setTimeout(reload, QUIET_MS);
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
}
