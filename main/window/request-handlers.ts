// What each command of the window about requests does. A table of contents: the work is in the running gateway.
import type { REQUEST_COMMANDS } from '../../backend/contract/window/request-commands.ts';
import { running, type Supervisor } from '../gateway/supervisor.ts';
import type { PutOffs } from '../notices/put-offs.ts';
import type { Handlers } from './bridge.ts';

/** `copy` puts text on the clipboard. */
export function requestHandlers(
  supervisor: Supervisor,
  putOffs: Pick<PutOffs, 'set'>,
  copy: (text: string) => void,
): Pick<Handlers, keyof typeof REQUEST_COMMANDS> {
  const control = () => running(supervisor);
  return {
    requests: (query) => control().requests.list(query),
    request_counts: () => control().requests.counts(),
    apps: () => ({ seen: [...control().requests.apps()] }),
    partings: () => control().requests.partings(),
    put_off_offer: ({ app, what, isOff }) => {
      putOffs.set(app, what, isOff);
      return {};
    },
    request: ({ request_id }) => control().requests.detail(request_id),
    request_body: ({ request_id }) => control().body(request_id),
    run_again: ({ request_id }) => control().again(request_id),
    copy_request: async ({ request_id, as }) => {
      copy(await control().copy(request_id, as));
      return {};
    },
    watch: ({ minutes }) => control().watch(minutes),
  };
}
