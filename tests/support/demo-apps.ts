// The demo's company: three pretended apps that ask Hearth now and then, so that its window has something to show. They
// ask each other's questions again, and sometimes at the same moment, as real ones do.
import { setTimeout as sleep } from 'node:timers/promises';

interface PretendedApp {
  /** As the queue shows it. */
  readonly name: string;
  readonly model: string;
  readonly questions: readonly string[];
}

const APPS: readonly PretendedApp[] = [
  {
    name: 'Kitchen-Notes',
    model: 'llama3.2',
    questions: ['What is a cache?', 'Why is the sky blue?', 'How long does rice take?'],
  },
  {
    name: 'Reading-Desk',
    model: 'llama3.2',
    questions: ['What is a cache?', 'How do tides work?', 'Why is the sky blue?'],
  },
  { name: 'Night-Script', model: 'qwen2.5:0.5b', questions: ['Name three rivers.', 'How do tides work?'] },
];

/** Milliseconds between two rounds: time to see one end before the next begins. */
const ROUND_MS = 6000;

/** Asks round after round until the signal aborts; a failure needs no handling here, the window shows it. */
export async function keepAsking(url: string, signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    // Every third round all ask at once, and a queue is to be seen.
    const asking = round % 3 === 0 ? APPS : [APPS[round % APPS.length] ?? APPS[0]];
    await Promise.all(asking.map((app) => app && ask(url, app, round, signal).catch(() => undefined)));
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function ask(url: string, app: PretendedApp, round: number, signal: AbortSignal): Promise<void> {
  const content = app.questions[round % app.questions.length] ?? '';
  const answer = await fetch(`${url}/api/chat-optimized`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': `${app.name}/1.0` },
    body: JSON.stringify({ model: app.model, stream: true, messages: [{ role: 'user', content }] }),
    signal,
  });
  await answer.text();
}
