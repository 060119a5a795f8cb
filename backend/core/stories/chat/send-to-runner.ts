// Sends a request up. The model reads its prompt, and from then on its runner is assumed to hold it.
import { isCloudName } from '../../models/names.ts';
import type { Asker } from '../../../contract/behind.ts';
import type { RunnerSpec, Tell, Upstream, UpstreamRequest } from '../../ports.ts';
import type { HeldPrompts } from '../../prompts/held.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { Look } from '../reasons/hindsight.ts';

export interface ReadByParts {
  readonly upstream: Upstream;
  readonly held: Pick<HeldPrompts, 'reads'>;
}

/** What is sent, to which runner, for whom, and what observes it. */
export interface Sent {
  readonly call: Pick<ChatCall, 'family'>;
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
  /** Its prompt is longer than the context. */
  readonly isCut: boolean;
  readonly look: Pick<Look, 'id' | 'prompt' | 'goesUp'>;
  readonly asker: Asker;
}

/** Runs the model as described at Upstream. */
export async function sendToRunner(
  { upstream, held }: ReadByParts,
  { call: { family }, request, spec, isCut, look, asker }: Sent,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  if (isCloudName(spec.model)) {
    look.goesUp();
    return upstream[family](request, signal, tell, asker);
  }
  const reading = held.reads(spec.key, look.prompt, { by: look.id, isCut });
  look.goesUp(reading, isCut);
  try {
    const told: Tell = (event) => {
      if (event.type !== 'waiting') reading.answers();
      tell(event);
    };
    await upstream[family](request, signal, told, asker);
  } finally {
    reading.ended();
  }
}
