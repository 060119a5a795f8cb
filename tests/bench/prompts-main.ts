// A program that measures what the regard for prompts costs, without requests around it, in processor time. Usage:
// prompts-main.js line WAITERS: the line with prompts in it, what one costs in and out; prompts-main.js pins KIND: what keeping a
// long prompt the same costs, the first one and each.
import { systemClock } from '../../backend/clock.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import type { PinRules } from '../../backend/contract/rules/pin-rule.ts';
import { keptStable } from '../../backend/core/pins/pins.ts';
import type { UpstreamRequest } from '../../backend/core/ports.ts';
import { HeldPrompts } from '../../backend/core/prompts/held.ts';
import { Prompt } from '../../backend/core/prompts/read-once.ts';
import { LeaseQueue } from '../../backend/core/queue/queue.ts';
import type { LeaseWish } from '../../backend/core/queue/waiter.ts';
import { atPriority } from '../support/urgency.ts';
import { prose } from './bench-requests.ts';

const [what = '', which = ''] = process.argv.slice(2);

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** In all, so that short lines are measured as well as long ones. */
const ALL = 10_000;
const CALLERS = 4;
const RUNNER = 'model';
/** As many conversations take turns, each with so many characters that its questions begin with. */
const CONVERSATIONS = 8;
const BEGINNING = prose(10_000);

let asked = 0;
function question(): UpstreamRequest {
  const number = asked++;
  return {
    model: RUNNER,
    messages: [
      { role: 'system', content: `Conversation ${number % CONVERSATIONS}. ${BEGINNING}` },
      { role: 'user', content: `Question ${number}?` },
    ],
  };
}

/** What one costs in lines of this length, in milliseconds; each comes behind one who runs, and goes in turn. */
async function lineCost(waiters: number): Promise<number> {
  const { config } = resolveConfig({ flags: { 'queue.max_queue_size': String(waiters) } }, 'headless');
  const held = new HeldPrompts();
  const queue = new LeaseQueue({
    config: () => config,
    clock: systemClock,
    loadMs: () => 0,
    resident: () => true,
    prompts: held,
    onChange: () => undefined,
  });
  const wish = (n: number, prompt: Prompt): LeaseWish => ({
    lane: 'chat',
    runner: RUNNER,
    model: RUNNER,
    caller: `caller ${n % CALLERS}`,
    prompt,
    urgency: () => atPriority(5),
    expectedMs: () => 1000,
    onWaiting: () => undefined,
  });
  const serve = async (prompt: Prompt, { lease }: ReturnType<LeaseQueue['enter']>): Promise<void> => {
    const { release } = await lease;
    const reading = held.reads(RUNNER, prompt);
    reading.answers();
    reading.ended();
    release();
  };
  const line = async (): Promise<number> => {
    const prompts = Array.from({ length: waiters }, () => new Prompt(question()));
    const signals = prompts.map(() => new AbortController().signal);
    const before = cpuMs();
    const first = queue.enter(wish(0, new Prompt(question())), new AbortController().signal);
    const places = prompts.map((prompt, n) => queue.enter(wish(n, prompt), signals[n] ?? AbortSignal.abort()));
    const served = places.map((place, n) => serve(prompts[n] ?? new Prompt(question()), place));
    (await first.lease).release();
    await Promise.all(served);
    return cpuMs() - before;
  };
  const lines = Math.ceil(ALL / waiters);
  for (let i = 0; i < lines; i++) await line();
  let cost = 0;
  for (let i = 0; i < lines; i++) cost += await line();
  return cost / (lines * waiters);
}

const KINDS: Readonly<Record<string, { readonly head: string; readonly rules: PinRules }>> = {
  billing_line: {
    head: 'x-anthropic-billing-header: cc_version=2.1.37.0d9; cc_entrypoint=cli; cch=fa690;',
    rules: { billing_line: 'pin' },
  },
  to_end: { head: 'Current time: 2026-11-28 14:35:12\n', rules: { clock: 'to_end' } },
  to_day: { head: 'Current time: 2026-11-28 14:35:12\n', rules: { clock: 'to_day' } },
  none: { head: '', rules: { billing_line: 'pin', clock: 'to_end' } },
};
/** 80,000 characters: a fourth in the instructions, the others in 20 messages. */
const INSTRUCTIONS = 20_000;
const MESSAGES = 20;
const MESSAGE = 3000;
const TIMES = 100;

/** Nobody speaks of the time, where a rule would step back. */
const plain = (chars: number): string =>
  prose(chars).replaceAll(/time|hour|minutes|morning|now|early|late|evening/g, 'word');

/** Milliseconds of the first one of a process, and of each after some. */
function pinCost(kind: string): { readonly first: number; readonly each: number } {
  const { head, rules } = KINDS[kind] ?? { head: '', rules: {} };
  const request = (): UpstreamRequest => {
    const said = Array.from({ length: MESSAGES }, (_, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: `${asked++}: ${plain(MESSAGE)}`,
    }));
    const messages = [
      { role: 'system', content: head + plain(INSTRUCTIONS) },
      ...said,
      { role: 'user', content: 'Go on.' },
    ];
    // As it comes: read from JSON.
    return JSON.parse(JSON.stringify({ model: RUNNER, messages })) as UpstreamRequest;
  };
  const cost = (): number => {
    const sent = request();
    const before = cpuMs();
    const { pinned } = keptStable(sent, rules);
    const took = cpuMs() - before;
    // What is measured is what it does, not that it steps back.
    if (pinned.length > 0 !== (head !== '')) throw new Error(`${kind} did not do what it should.`);
    return took;
  };
  const first = cost();
  for (let i = 0; i < TIMES; i++) cost();
  let sum = 0;
  for (let i = 0; i < TIMES; i++) sum += cost();
  return { first, each: sum / TIMES };
}

const told = what === 'line' ? await lineCost(Number(which)) : pinCost(which);
process.stdout.write(`prompts ${JSON.stringify(told)}\n`);
