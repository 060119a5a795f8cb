// A real gateway that replays a recording, with no Ollama anywhere: nothing listens at the address that it has for one.
import { pino } from 'pino';
import { startBackend } from '../../backend/backend.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import type { Backend } from '../../backend/hosting.ts';
import type { Recording } from '../../backend/core/recordings/recordings.ts';

/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';

/** What is replayed: what a folder has, or recordings themselves. */
export type Replayed = { readonly dataFolder: string } | { readonly recordings: readonly Recording[] };

export async function startReplay(replayed: Replayed, settings: object = {}): Promise<Backend> {
  const data = { server: { port: 0 }, ollama: { api_url: NOWHERE }, cache: { mode: 'replay' }, ...settings };
  const { config, problems } = resolveConfig({ file: { path: 'test', data } }, 'headless');
  if (problems.length > 0) throw new Error(`test configuration: ${JSON.stringify(problems)}`);
  return await startBackend({ config, log: pino({ level: 'silent' }), version: '0.0.0-test', ...replayed });
}
