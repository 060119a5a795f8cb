// What each command of the window about requests does. A table of contents: the work is in the running gateway.
import type { REQUEST_COMMANDS } from '../../backend/contract/request-commands.ts';
import { running, type Supervisor } from '../gateway/supervisor.ts';
import type { Handlers } from './bridge.ts';

export function requestHandlers(supervisor: Supervisor): Pick<Handlers, keyof typeof REQUEST_COMMANDS> {
  const control = () => running(supervisor);
  return {
    requests: (query) => control().requests.list(query),
    request_counts: () => control().requests.counts(),
    request: ({ request_id }) => control().requests.detail(request_id),
  };
}
