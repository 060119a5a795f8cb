// What each command of the window about models on the disk does. A table of contents: the work is in the running gateway.
import type { MODEL_COMMANDS } from '../../backend/contract/window/model-commands.ts';
import { running, type Supervisor } from '../gateway/supervisor.ts';
import type { Handlers } from './bridge.ts';

export function modelHandlers(supervisor: Supervisor): Pick<Handlers, keyof typeof MODEL_COMMANDS> {
  const control = () => running(supervisor);
  const done = {};
  return {
    pull_model: (which) => control().pull(which),
    pause_pull: (which) => control().pausePull(which),
    cancel_pull: (which) => (control().cancelPull(which), done),
    delete_model: async ({ model }) => (await control().removeModel(model), done),
    model_details: ({ model }) => control().modelDetails(model),
  };
}
