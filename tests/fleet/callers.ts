// One caller of a fleet by itself, who asks a question or hands in a job and wants to know that what comes is right.
import type { RequestView } from '../../backend/contract/views/queue-view.ts';
import { hold } from '../faults/fault.ts';
import type { Reply, Sent } from '../support/soak/send.ts';
import { OWN, reading } from '../support/soak/soak-routes.ts';
import { eventually } from '../support/waiting.ts';
import { bodyOf, jobOf } from './fleet-load.ts';
import { wrongWith } from './run-words.ts';

/** A gateway, or nginx in front of them. */
export interface Door {
  send(sent: Sent): Promise<Reply>;
}

export interface Answer {
  readonly content: string;
  /** As X-Cache has it: HIT, MISS, … */
  readonly source: string;
  readonly ms: number;
}

const JOBS = '/api/chat-queue';
const PATIENCE = { limitMs: 180_000 } as const;

/** Asks; throws Broken unless the whole, right answer comes. */
export async function ask(door: Door, question: string): Promise<Answer> {
  const startedAt = performance.now();
  const reply = await door.send({ method: 'POST', path: OWN.path, body: bodyOf(question, false) });
  const ms = performance.now() - startedAt;
  hold(reply.status === 200, `${question}: ${reply.status} ${reply.text}`);
  const { content, end } = reading(OWN, reply);
  const wrong = wrongWith(question, content, end === 'whole');
  hold(end === 'whole' && wrong === undefined, `${question}: ${wrong ?? JSON.stringify(end)}`);
  return { content, source: String(reply.headers['x-cache']), ms };
}

/** Hands in a job; gives the status, and the code of a refusal. */
export async function handIn(door: Door, id: string, question: string): Promise<readonly [number, unknown]> {
  const { status, text } = await door.send({ method: 'POST', path: JOBS, body: jobOf(id, question) });
  const { code } = status === 0 ? {} : (JSON.parse(text) as { readonly code?: unknown });
  return [status, code];
}

/** Hands in a job until it is accepted. */
export async function accepted(door: Door, id: string, question: string): Promise<void> {
  await eventually(`${id} is accepted`, async () => (await handIn(door, id, question))[0] === 202, PATIENCE);
}

export async function look(door: Door, id: string): Promise<RequestView> {
  const view = await seen(door, id);
  hold(view !== undefined, `${id}: the fleet cannot be asked`);
  return view;
}

/** Undefined where it is not known now, which it says: a Valkey that answers late, as on a busy machine, counts as away. */
async function seen(door: Door, id: string): Promise<RequestView | undefined> {
  const { status, text } = await door.send({ method: 'GET', path: `${JOBS}?requestId=${id}` });
  if (status === 503 && text.includes('"fleet_unreachable"')) return undefined;
  hold(status === 200, `${id}: ${status} ${text}`);
  return JSON.parse(text) as RequestView;
}

/** Resolves with the answer of a job when it has ended. Throws Broken where it is not the right one. */
export async function answerOf(door: Door, id: string, question: string): Promise<string> {
  const view = await eventually(
    `${id} has ended`,
    async () => {
      const found = await seen(door, id);
      return found !== undefined && found.status !== 'queued' && found.status !== 'processing' && found;
    },
    PATIENCE,
  );
  const content = view.result?.message.content ?? '';
  const wrong = wrongWith(question, content, true);
  hold(view.status === 'completed' && wrong === undefined, `${id} ended as ${view.status}: ${wrong ?? view.error}`);
  return content;
}

/** Milliseconds until it is done. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
