// A real client, once in front of the simulated Ollama itself and once in front of the gateway: it must see the same.
import { startFakeOllama, type FakeOllama } from './fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from './hearth.ts';

/** Where a client is pointed to, and the fake that answers it in the end. */
export interface Side {
  readonly url: string;
  readonly fake: FakeOllama;
}

export interface BothWays {
  readonly hearth: Hearth;
  /** What the client saw on each side, without what must differ: times, ids, durations. */
  see(observe: (side: Side) => Promise<unknown>): Promise<{ readonly direct: unknown; readonly through: unknown }>;
  stop(): Promise<void>;
}

/** Each side has a fake of its own, so that neither's state disturbs the other's. */
export async function bothWays(options: HearthOptions = {}): Promise<BothWays> {
  const direct = await startFakeOllama(options.fake);
  const hearth = await startHearth(options);
  return {
    hearth,
    async see(observe) {
      return {
        direct: steady(await observed(observe, { url: direct.url, fake: direct })),
        through: steady(await observed(observe, { url: hearth.url, fake: hearth.fake })),
      };
    },
    async stop() {
      await hearth.stop();
      await direct.stop();
    },
  };
}

/** What is thrown is seen too, as the client's own class of error. */
async function observed(observe: (side: Side) => Promise<unknown>, side: Side): Promise<unknown> {
  try {
    return await observe(side);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { status, status_code: code, statusCode, error: body } = error as Error & Record<string, unknown>;
    return { thrown: error.constructor.name, name: error.name, message: error.message, status, code, statusCode, body };
  }
}

const DIFFERS =
  /^(?:created|created_at|completed_at|id|item_id|response_id|expires_at|modified_at|timestamp|.*_duration|request_?id|retryable|headers|date)$/i;

/** The same value without what must differ. */
function steady(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(steady);
  if (value instanceof Date) return 'a date';
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, DIFFERS.test(name) ? typeof inner : steady(inner)]),
  );
}
