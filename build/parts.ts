// Packages of which we use a part: the bundle takes that part and leaves the rest, which would be most of its
// size and of its start. What is used otherwise is missing in the bundle, and then the build fails by its name.
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';

const file = (name: string): string => fileURLToPath(import.meta.resolve(name));

/** What a package's import gives instead of all of it, as the text of a module. */
const PARTS: Readonly<Record<string, () => string>> = {
  // Express 5 has its Router from this package. Its app would bring body parsers, views and tables of file types.
  express: () => `export { default as Router } from ${JSON.stringify(file('router'))};`,
  // Without fetch, WebSocket, proxies, mocks and caches. `index.js` puts `request` on Dispatcher, as is done here.
  undici: () => `
    import Agent from ${JSON.stringify(file('undici/lib/dispatcher/agent.js'))};
    import Dispatcher from ${JSON.stringify(file('undici/lib/dispatcher/dispatcher.js'))};
    import request from ${JSON.stringify(file('undici/lib/api/api-request.js'))};
    Object.assign(Dispatcher.prototype, { request });
    export { Agent };`,
  // Without its way of standing on Postgres.
  bullmq: () => `
    export { Queue } from ${JSON.stringify(file('bullmq/dist/esm/classes/queue.js'))};
    export { QueueKeys } from ${JSON.stringify(file('bullmq/dist/esm/classes/queue-keys.js'))};
    export { Worker } from ${JSON.stringify(file('bullmq/dist/esm/classes/worker.js'))};
    export { WaitingError } from ${JSON.stringify(file('bullmq/dist/esm/classes/errors/waiting-error.js'))};`,
  // It reads the times of jobs that come again, of which there are none. It brings a library of dates.
  'cron-parser': () => 'export const CronExpressionParser = undefined;',
  // The Ollama client wants fetch made where there is none. Every Node has it, and looking for it loads all of it.
  'whatwg-fetch': () => '',
  // electron-store checks a schema with it where it is given one. Ours are checked by the contract.
  'ajv/dist/2020.js': () => 'export const Ajv2020 = undefined;',
  'ajv-formats': () => 'export default {};',
};

/** Modules inside of packages that nothing reaches as we use them. Ollama speaks HTTP/1.1 (undici: `allowH2`). */
const UNREACHED = /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/;

/** The Ollama client compares headers with fetch's own kind, which has Node load fetch. It never gets any of that kind. */
const CLIENT = /[\\/]ollama[\\/]dist[\\/]browser\.mjs$/;

export const parts: Plugin = {
  name: 'parts',
  // On the same line as before, so that the source map stays right.
  transform: (code, id) => (CLIENT.test(id) ? { code: `class Headers {} ${code}`, map: null } : undefined),
  resolveId: (name) => (name in PARTS ? `\0part:${name}` : undefined),
  load: (id) => (UNREACHED.test(id) ? '' : PARTS[id.replace(/^\0part:/, '')]?.()),
};
