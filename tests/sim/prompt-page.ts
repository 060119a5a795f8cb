// docs/prompt-reuse.md, as far as the simulator writes it: what is read of the same days, before each way of serving them.
import { table } from '../bench/report.ts';
import { PROMPT_DAYS, type PromptDay } from './prompt-days.ts';
import { Tokenizer, type ServerKind } from './prompt-memory.ts';
import { bestOrder, type Best } from './prompt-orders.ts';
import { replayPrompts, WAYS, type PromptOutcome, type Way } from './prompt-replay.ts';

/** Ollama by its settings and versions: 8 GiB are about so many tokens of an 8B model. */
export const SERVERS: readonly ServerKind[] = [
  { name: 'one place', places: 1, cache: 0 },
  { name: 'one place, 8 GiB cache', places: 1, cache: 65_536 },
  { name: 'two places, 8 GiB cache', places: 2, cache: 65_536 },
];

export const PROMPTS_MARK = 'prompts';

/** One day before one server, by the way that its requests were served. */
export interface PromptRow {
  readonly day: string;
  readonly server: string;
  readonly by: Readonly<Record<Way, PromptOutcome>>;
  /** What any order that leaves no slot free reads at least, with the same kept the same. */
  readonly best: Best;
}

/** `orders`: how many are tried for each day at most, for the best one. */
export async function comparePrompts(
  days: readonly PromptDay[] = PROMPT_DAYS,
  { seed = 1, orders }: { readonly seed?: number; readonly orders?: number } = {},
): Promise<PromptRow[]> {
  const rows: PromptRow[] = [];
  const tokenizer = new Tokenizer();
  for (const day of days) {
    for (const kind of SERVERS) {
      const replay = (way: Way): Promise<PromptOutcome> =>
        replayPrompts({ way, kind, sessions: day.sessions(seed), tokenizer });
      const by = {
        'no gateway': await replay('no gateway'),
        'by class': await replay('by class'),
        ordered: await replay('ordered'),
        'ordered, kept': await replay('ordered, kept'),
      };
      const found = await bestOrder({ kind, tokenizer, sessions: () => day.sessions(seed) }, orders);
      rows.push({ day: day.name, server: kind.name, by, best: withOwn(found, by['ordered, kept']) });
    }
  }
  return rows;
}

/** Hearth's order is one of all orders, and may read less than those that were tried. */
function withOwn({ processed, isProven }: Best, own: PromptOutcome): Best {
  return own.processed < processed ? { processed: own.processed, isProven: false } : { processed, isProven };
}

const HEAD = [
  'Day',
  'Ollama with',
  'No gateway',
  'By class',
  'Ordered',
  'Ordered, kept',
  'Any order',
  'Fewer',
  'Reused',
  'Longest wait',
];

/** Tokens read by each way, and of the last way what it saved, reused, and cost. */
export function promptTable(rows: readonly PromptRow[]): string {
  return table([
    HEAD,
    ...rows.map(({ day, server, by, best }) => {
      const last = by['ordered, kept'];
      return [
        day,
        server,
        ...WAYS.map((way) => by[way].processed.toLocaleString('en')),
        `${best.isProven ? '' : '≤ '}${best.processed.toLocaleString('en')}`,
        `${(by['no gateway'].processed / last.processed).toFixed(1)} ×`,
        `${Math.floor((100 * last.reused) / last.reusable)} %`,
        `${(last.longestMs / 1000).toFixed(0)} s`,
      ];
    }),
  ]);
}
