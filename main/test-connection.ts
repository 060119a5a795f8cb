// The settings form's question whether an Ollama answers at an address, before the address is used.
import { askOllama } from '../backend/ask-ollama.ts';
import { parseField, type Config } from '../backend/contract/config.ts';
import type { CommandOutput } from '../backend/contract/desktop.ts';
import { AppError } from '../backend/contract/errors.ts';
import type { Log } from '../backend/core/ports.ts';

const LIMIT_MS = 5000;

/** Throws invalid_request for what is no address, upstream_unreachable and upstream_failed with the reason. */
export async function testConnection(config: Config, log: Log, url: string): Promise<CommandOutput<'test_connection'>> {
  const address = parseField('ollama.api_url', url)?.value;
  if (typeof address !== 'string') {
    throw new AppError('invalid_request', 'Must be an http or https address such as http://127.0.0.1:11434.');
  }
  return await askOllama({ ...config, ollama: { ...config.ollama, api_url: address } }, log, LIMIT_MS);
}
