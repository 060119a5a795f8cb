// A day of prompts before one way of serving them: what was read, what could have been reused, and who waited how long. The line, what
// is known of the places, and what is kept the same in a prompt are the code of Hearth itself.
import { defaultConfig, type Config } from '../../backend/contract/config/config.ts';
import type { UpstreamRequest } from '../../backend/core/ports.ts';
import { keptStable } from '../../backend/core/pins/pins.ts';
import { HeldPrompts } from '../../backend/core/prompts/held.ts';
import { promptOf } from '../../backend/core/prompts/prompt.ts';
import { Prompt } from '../../backend/core/prompts/read-once.ts';
import { onlyLast } from '../../backend/core/queue/memory-view.ts';
import { LeaseQueue } from '../../backend/core/queue/queue.ts';
import type { PromptAsk, PromptSession } from './prompt-days.ts';
import { commonTokens, PromptServer, type ServerKind, type Tokenizer, type Tokens } from './prompt-memory.ts';
import { VirtualClock } from './virtual-clock.ts';

/** How requests reach the server. */
export const WAYS = ['no gateway', 'by class', 'ordered', 'ordered, kept'] as const;
export type Way = (typeof WAYS)[number];

/** Milliseconds for each token of a machine with an 8B model on a small GPU. */
export const READ_MS = 1;
export const WRITE_MS = 20;

const RUNNER = 'm {}';

export interface PromptOutcome {
  readonly requests: number;
  readonly sent: number;
  readonly processed: number;
  readonly reused: number;
  /** What a server that forgets nothing would have reused of the same prompts. */
  readonly reusable: number;
  /** Milliseconds from coming to the first of the answer: the mean, and the longest wait for a slot. */
  readonly meanMs: number;
  readonly longestMs: number;
  readonly refused: number;
  /** How often somebody went before one whom nobody may pass any more by then. */
  readonly passedTooLate: number;
}

function settingsOf(way: Way, { places }: ServerKind): Config {
  const config = defaultConfig();
  const queue = {
    ...config.queue,
    max_concurrent: places,
    max_queue_size: 10_000,
    by_prompt: way.startsWith('ordered'),
  };
  return { ...config, queue };
}

/** As it goes up. */
function kept(way: Way, request: UpstreamRequest): UpstreamRequest {
  return way === 'ordered, kept' ? keptStable(request, { billing_line: 'pin', clock: 'to_end' }).request : request;
}

interface Went {
  readonly cameAt: number;
  readonly grantedAt: number;
}

export interface PromptReplay {
  readonly way: Way;
  readonly kind: ServerKind;
  readonly sessions: readonly PromptSession[];
  readonly tokenizer: Tokenizer;
}

export async function replayPrompts({ way, kind, sessions, tokenizer }: PromptReplay): Promise<PromptOutcome> {
  const clock = new VirtualClock();
  const config = settingsOf(way, kind);
  const held = new HeldPrompts();
  const queue = new LeaseQueue({
    config: () => config,
    clock,
    loadMs: () => 0,
    resident: () => true,
    memory: () => onlyLast(RUNNER),
    prompts: held,
    onChange: () => undefined,
  });
  const server = new PromptServer(kind);
  const earlier: Tokens[] = [];
  const went: Went[] = [];
  let [requests, sent, processed, reused, reusable, toFirst] = [0, 0, 0, 0, 0, 0];
  let refused = 0;
  const ask = async ({ caller, class: of, request, answer }: PromptAsk): Promise<void> => {
    const cameAt = clock.elapsed();
    const goesUp = kept(way, request);
    const prompt = new Prompt(goesUp);
    const isPlain = way === 'no gateway';
    const place = queue.enter(
      {
        lane: 'chat',
        runner: RUNNER,
        model: 'm',
        // Ollama's own line is first come, first served, whoever it is.
        caller: isPlain ? 'anybody' : caller,
        prompt,
        urgency: () => ({ class: isPlain ? 'interactive' : of, priority: 0 }),
        expectedMs: () => 5000,
        onWaiting: () => undefined,
      },
      new AbortController().signal,
    );
    const lease = await place.lease.catch(() => undefined);
    if (lease === undefined) return void refused++;
    went.push({ cameAt, grantedAt: clock.elapsed() });
    lease.began();
    const tokens = tokenizer.of(promptOf(goesUp));
    const reading = held.reads(RUNNER, prompt);
    const read = server.read(tokens);
    requests++;
    sent += tokens.length;
    processed += read.processed;
    reused += read.reused;
    reusable += Math.min(tokens.length - 1, Math.max(0, ...earlier.map((other) => commonTokens(other, tokens))));
    await clock.wait(read.processed * READ_MS);
    reading.answers();
    toFirst += clock.elapsed() - cameAt;
    await clock.wait((answer.length / 4) * WRITE_MS);
    const messages = goesUp['messages'] as readonly object[];
    const all = tokenizer.of(promptOf({ ...goesUp, messages: [...messages, { role: 'assistant', content: answer }] }));
    read.done(all);
    earlier.push(all);
    reading.ended();
    lease.release();
  };
  const world = { now: () => clock.elapsed(), ask, wait: (ms: number) => clock.wait(ms) };
  await clock.until(Promise.all(sessions.map((session) => session(world))));
  const late = 3 * config.queue.aging_ms;
  const passed = ({ cameAt, grantedAt }: Went): number =>
    went.filter((other) => other.cameAt > cameAt + late && other.grantedAt < grantedAt).length;
  return {
    requests,
    sent,
    processed,
    reused,
    reusable,
    meanMs: toFirst / Math.max(1, requests),
    longestMs: Math.max(0, ...went.map(({ cameAt, grantedAt }) => grantedAt - cameAt)),
    refused,
    passedTooLate: went.reduce((sum, each) => sum + passed(each), 0),
  };
}
