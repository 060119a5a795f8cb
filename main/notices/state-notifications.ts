// Notices and notifications that follow from changes of state: Ollama going away and coming back, the gateway failing.
// It compares what was with what is and says each thing once; figures never make a notification.
import type { GatewayView, LiveView } from '../../backend/contract/desktop.ts';

/** Something worth saying outside the window. */
export interface Said {
  readonly title: string;
  readonly body: string;
}

export interface Seen {
  readonly gateway: GatewayView;
  readonly live: LiveView;
}

const holderWords = ({
  hearth,
  ollama,
}: {
  readonly hearth: boolean;
  readonly ollama?: boolean | undefined;
}): string => (hearth ? 'Another Hearth' : ollama === true ? 'Ollama' : 'Another program');

/** What to say of the step from one state to the next; undefined when it is nothing new. */
export function worthSaying(before: Seen, now: Seen): Said | undefined {
  const failed = now.gateway.failure;
  if (failed !== null && before.gateway.failure?.kind !== failed.kind) {
    switch (failed.kind) {
      case 'port_taken':
        return {
          title: `Port ${failed.port} is taken`,
          body: `${holderWords(failed.holder)} has it. Open Hearth to use another port.`,
        };
      case 'crashed':
        return { title: 'The gateway restarts', body: failed.sentence };
      case 'other':
        return { title: 'The gateway could not start', body: failed.sentence };
    }
  }
  const was = before.live?.health.upstream.state;
  const is = now.live?.health.upstream.state;
  if (was === 'up' && is === 'down') {
    return { title: 'Ollama is not running', body: 'Requests fail until it is back.' };
  }
  if (was === 'down' && is === 'up') return { title: 'Ollama is back', body: 'Requests work again.' };
  return undefined;
}
