// What the bench measures, in the order of its page.
import { clear } from './clear.ts';
import { command } from './command-row.ts';
import { disk } from './disk-row.ts';
import { desktopLoop, desktopMemory } from './desktop-row.ts';
import { entry } from './bench-entry.ts';
import { followers } from './followers.ts';
import { hits, hitSizes, hitStreams } from './hits.ts';
import { line } from './line-row.ts';
import { requestList } from './list-row.ts';
import { memory } from './memory-row.ts';
import { misses } from './misses.ts';
import { prompts } from './prompts-row.ts';
import { start } from './start-row.ts';
import { windowRow } from './window-row.ts';
import type { Row } from './report.ts';

export const ROWS: readonly Row[] = [
  hits,
  hitSizes,
  hitStreams,
  misses,
  followers,
  line,
  prompts,
  start,
  command,
  memory,
  entry,
  clear,
  disk,
  requestList,
  desktopMemory,
  desktopLoop,
  windowRow,
];
