// Fleets for 10 to 100,000 people, and what they come to; the tables go into docs/scale.md, the plots into docs/images.
import { readFile, writeFile } from 'node:fs/promises';
import { withBetween } from '../../support/made-tables.ts';
import { fleetOf, ollamasFor } from './fleet-bounds.ts';
import { boundsTable, MARKS, PLAYED, playedMark, plots, sharingTable, sizesTable, type Sharing } from './fleet-page.ts';
import { playFleet } from './fleet-run.ts';

const SIZES = [10, 100, 1000, 10_000, 100_000] as const;
/** Those in the table. */
const SHOWN: ReadonlySet<number> = new Set([10, 1000, 100_000]);
const SHARING_USERS = 1000;
const SHARING_GATEWAYS = [1, 3, 10, 30] as const;
/** People come back within the hour, so their answers gather for one first. */
const SHARING_S = 3600;
const PAGE = 'docs/scale.md';

/** Plays all; the same seed gives the same page. */
export async function simulateFleets(seed: number, write: boolean): Promise<void> {
  const fleets = SIZES.map((users) => fleetOf(users, seed));
  const sharing = SHARING_GATEWAYS.map((gateways): Sharing => {
    const play = (shared: boolean) =>
      playFleet({
        users: SHARING_USERS,
        ollamas: ollamasFor(SHARING_USERS),
        gateways,
        shared,
        seed,
        seconds: SHARING_S,
        before: SHARING_S,
      });
    return { gateways, alone: play(false), shared: play(true) };
  });
  const largest = fleets.at(-1);
  if (largest === undefined) throw new Error('no fleet was played');
  const tables = {
    [MARKS.sizes]: sizesTable(fleets.filter(({ users }) => SHOWN.has(users))),
    [MARKS.bounds]: boundsTable(largest),
    [MARKS.sharing]: sharingTable(sharing),
  };
  if (write) {
    const before = await readFile(PAGE, 'utf8');
    const page = Object.entries(tables).reduce((text, [mark, made]) => withBetween(text, mark, made), before);
    await writeFile(PAGE, page.replace(PLAYED, playedMark()));
    for (const [name, drawn] of Object.entries(plots(fleets, sharing))) await writeFile(`docs/images/${name}`, drawn);
  }
  process.stdout.write(`${Object.values(tables).join('\n\n')}\n`);
}
