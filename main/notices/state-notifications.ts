// Notices and notifications that follow from changes of state: Ollama going away and coming back, an answer that hangs, the gateway failing.
// It compares what was with what is and says each thing once; figures never make a notification.
import { lookOf, type AppState } from '../../backend/contract/app-state.ts';
import { downWords } from '../../backend/contract/shut-out.ts';

/** Something worth saying outside the window. */
export interface Said {
  readonly title: string;
  readonly body: string;
}

const holderWords = ({
  hearth,
  ollama,
}: {
  readonly hearth: boolean;
  readonly ollama?: boolean | undefined;
}): string => (hearth ? 'Another Hearth' : ollama === true ? 'Ollama' : 'Another program');

/** What to say of the step from one state to the next; undefined when it is nothing new. */
export function worthSaying(before: AppState, now: AppState): Said | undefined {
  if (now.is === 'failed')
    return before.is === 'failed' && before.failure.kind === now.failure.kind ? undefined : failed(now);
  if (now.is === 'ollama_down' && isUp(before)) {
    const title = downWords(now.upstream);
    return { title, body: 'Requests fail until it is back.' };
  }
  if (now.is === 'stuck' && before.is !== 'stuck') {
    return { title: 'One answer makes no progress', body: 'Ollama is up, one answer hangs. Open Hearth to cancel it.' };
  }
  if (before.is === 'ollama_down' && isUp(now)) return { title: 'Ollama is back', body: 'Requests work again.' };
  return undefined;
}

function failed({ failure }: AppState & { is: 'failed' }): Said {
  switch (failure.kind) {
    case 'port_taken':
      return {
        title: `Port ${failure.port} is taken`,
        body: `${holderWords(failure.holder)} has it. Open Hearth to use another port.`,
      };
    case 'crashed':
      return { title: 'The gateway restarts', body: failure.sentence };
    case 'other':
      return { title: 'The gateway could not start', body: failure.sentence };
  }
}

/** Whether Ollama can be used. */
function isUp(state: AppState): boolean {
  return lookOf(state) !== 'stopped' && state.is !== 'looking' && state.is !== 'ollama_down';
}
