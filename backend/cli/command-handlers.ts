// Which file implements each command. Each is loaded on demand, so that `hearth status` does not load the gateway.
import type { CommandName, GroupName } from './command-table.ts';
import type { Run } from './command-host.ts';

type Handlers = { readonly [N in Exclude<CommandName, GroupName>]: () => Promise<Run<N>> };

export const HANDLERS: Handlers = {
  serve: async () => (await import('./commands/serve-command.ts')).serve,
  status: async () => (await import('./commands/status-command.ts')).status,
  top: async () => (await import('./commands/top-command.ts')).top,
  queue: async () => (await import('./commands/queue-command.ts')).queue,
  cancel: async () => (await import('./commands/queue-command.ts')).cancel,
  requests: async () => (await import('./commands/requests-command.ts')).requests,
  'requests show': async () => (await import('./commands/requests-command.ts')).showRequest,
  warm: async () => (await import('./commands/action-commands.ts')).warm,
  unload: async () => (await import('./commands/action-commands.ts')).unload,
  clear: async () => (await import('./commands/action-commands.ts')).clear,
  'key create': async () => (await import('./commands/key-command.ts')).createKey,
  'key list': async () => (await import('./commands/key-command.ts')).listKeys,
  'key revoke': async () => (await import('./commands/key-command.ts')).revokeKey,
  'cache export': async () => (await import('./commands/cache-command.ts')).exportRecordings,
  'cache import': async () => (await import('./commands/cache-command.ts')).importRecordings,
  'cache clear': async () => (await import('./commands/cache-command.ts')).clearRecordings,
  'config print': async () => (await import('./commands/config-command.ts')).printConfig,
  'config check': async () => (await import('./commands/config-command.ts')).checkConfig,
  'config get': async () => (await import('./commands/config-command.ts')).getSetting,
  'config set': async () => (await import('./commands/config-command.ts')).setSetting,
  'models list': async () => (await import('./commands/models-command.ts')).listModels,
  'models pull': async () => (await import('./commands/pull-command.ts')).pullModel,
  'models rm': async () => (await import('./commands/models-command.ts')).removeModel,
  doctor: async () => (await import('./commands/doctor-command.ts')).doctor,
  completion: async () => (await import('./commands/completion-command.ts')).completion,
  __words: async () => (await import('./commands/words-command.ts')).words,
};
