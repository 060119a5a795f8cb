// A simulated Ollama in a process of its own, on the loopback of a gateway's machine, as a computer with a model has it. Whoever
// started it asks it by messages what it has run.
import { startFakeOllama, type RecordedCall } from '../support/fake-ollama/fake-ollama.ts';
import { lastsOf, wordsOf, type RunName } from './run-words.ts';

/** A run as the Ollama saw it. Milliseconds since 1970, by the clock of this machine. */
export interface Ran extends RunName {
  readonly question: string;
  readonly startedAt: number;
  /** Undefined while it runs. */
  readonly endedAt: number | undefined;
  /** `done`: its last word was sent. */
  readonly outcome: RecordedCall['outcome'];
}

/** What it is told when it is started, as its one argument in JSON. */
export interface FakeSettings {
  readonly node: number;
  readonly port: number;
  /** How many it runs at the same time. */
  readonly slots: number;
  /** Milliseconds between two words. */
  readonly pieceMs: number;
}

/** Its words to whoever started it. */
export type FakeWord = { readonly ready: true } | { readonly ran: readonly Ran[] };

/** Called by its own process alone. */
export async function serveFake({ node, port, slots, pieceMs }: FakeSettings): Promise<void> {
  const fake = await startFakeOllama({
    port,
    parallel: slots,
    keepCalls: 1_000_000,
    answer(call) {
      const question = questionOf(call);
      const pieces = wordsOf({ node, number: call.id }, question);
      const lasts = lastsOf(question);
      return { pieces, pieceMs: lasts === undefined ? pieceMs : lasts / pieces.length };
    },
  });
  const tell = (word: FakeWord): void => void process.send?.(word);
  process.on('message', () => {
    const ran = fake.chats().map((call) => ({
      node,
      number: call.id,
      question: questionOf(call),
      startedAt: performance.timeOrigin + call.startedAt,
      endedAt: call.endedAt === undefined ? undefined : performance.timeOrigin + call.endedAt,
      outcome: call.outcome,
    }));
    tell({ ran });
  });
  // Whoever started it is gone.
  process.on('disconnect', () => process.exit(0));
  tell({ ready: true });
}

function questionOf({ body }: RecordedCall): string {
  const messages = body?.['messages'];
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return String((Object(last) as { readonly content?: unknown }).content);
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  await serveFake(JSON.parse(process.argv[2]) as FakeSettings);
}
