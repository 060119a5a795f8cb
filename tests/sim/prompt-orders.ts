// What any order could reach: the same days before the same memory, with those who wait chosen by hindsight. A slot that is free is
// given to one who waits, as in the line itself; for the rest every order is allowed, also ones that nobody would call fair.
import { keptStable } from '../../backend/core/pins/pins.ts';
import { promptOf } from '../../backend/core/prompts/prompt.ts';
import type { PromptAsk, PromptSession } from './prompt-days.ts';
import { PromptServer, type ServerKind, type Tokenizer, type Tokens } from './prompt-memory.ts';
import { READ_MS, WRITE_MS } from './prompt-replay.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Orders that are tried for one day where nobody says otherwise. */
const MOST_ORDERS = 150;

export interface OrderTrial {
  readonly kind: ServerKind;
  readonly tokenizer: Tokenizer;
  sessions(): readonly PromptSession[];
}

interface Waiting {
  readonly tokens: Tokens;
  readonly start: () => void;
}

interface Played {
  readonly processed: number;
  /** How many there were to choose from, each time that there was a choice; and who was taken. */
  readonly choices: readonly { readonly of: number; readonly taken: number }[];
}

/**
 * Plays a day with these choices, and after the last of them takes the one of whom least has to be read. `choices` are numbers
 * among those who wait, in the order of arrival.
 */
export async function playOrder(
  { kind, tokenizer, sessions }: OrderTrial,
  choices: readonly number[],
): Promise<Played> {
  const clock = new VirtualClock();
  const server = new PromptServer(kind);
  const waiting: Waiting[] = [];
  const made: { of: number; taken: number }[] = [];
  let free = kind.places;
  let processed = 0;
  const grant = (): void => {
    while (free > 0 && waiting.length > 0) {
      let at = 0;
      if (waiting.length > 1) {
        at = choices[made.length] ?? nearest(server, waiting);
        made.push({ of: waiting.length, taken: at });
      }
      const [next] = waiting.splice(at, 1);
      free--;
      next?.start();
    }
  };
  const ask = async ({ request, answer }: PromptAsk): Promise<void> => {
    const goesUp = keptStable(request, { billing_line: 'pin', clock: 'to_end' }).request;
    const tokens = tokenizer.of(promptOf(goesUp));
    await new Promise<void>((start) => {
      waiting.push({ tokens, start });
      grant();
    });
    const read = server.read(tokens);
    processed += read.processed;
    await clock.wait(read.processed * READ_MS + (answer.length / 4) * WRITE_MS);
    const messages = goesUp['messages'] as readonly object[];
    read.done(tokenizer.of(promptOf({ ...goesUp, messages: [...messages, { role: 'assistant', content: answer }] })));
    free++;
    grant();
  };
  const world = { now: () => clock.elapsed(), ask, wait: (ms: number) => clock.wait(ms) };
  await clock.until(Promise.all(sessions().map((session) => session(world))));
  return { processed, choices: made };
}

export interface Best {
  readonly processed: number;
  /** All orders were tried, so that none reads less. */
  readonly isProven: boolean;
}

/** The fewest tokens that any order reads: of all orders, or where there are too many of `most` that were tried, each next to the best one. */
export async function bestOrder(trial: OrderTrial, most = MOST_ORDERS): Promise<Best> {
  let best = await playOrder(trial, []);
  const orders = best.choices.reduce((product, { of }) => product * of, 1);
  let tried = 1;
  const improve = async (): Promise<boolean> => {
    const taken = best.choices.map((choice) => choice.taken);
    for (const [i, { of, taken: now }] of best.choices.entries()) {
      for (let other = 0; other < of; other++) {
        if (other === now || tried++ >= most) continue;
        const played = await playOrder(trial, [...taken.slice(0, i), other]);
        if (played.processed >= best.processed) continue;
        best = played;
        return true;
      }
    }
    return false;
  };
  while (orders > 1 && tried < most && (await improve()));
  return { processed: best.processed, isProven: orders === 1 };
}

/** The one of whom least has to be read now; of several the first. */
function nearest(server: PromptServer, waiting: readonly Waiting[]): number {
  const costs = waiting.map(({ tokens }) => tokens.length - server.shared(tokens));
  return costs.indexOf(Math.min(...costs));
}
