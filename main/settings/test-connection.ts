// Tests for the settings form whether an Ollama answers at an address, before the address is used.
import { askOllama } from '../../backend/ask-ollama.ts';
import { parseField, type Config } from '../../backend/contract/config/config.ts';
import type { CommandInput, CommandOutput } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { unmasked } from '../../backend/contract/secret.ts';
import { t } from '../../words/texts.ts';
import type { Log } from '../../backend/core/ports.ts';

const LIMIT_MS = 5000;

/**
 * Asks with what `config` shows to Ollama; a user and password that are hidden in `url` are those of its address. Throws
 * invalid_request for what is no address, and what askOllama throws.
 */
export async function testConnection(
  config: Config,
  log: Log,
  { url, api_key: key }: CommandInput<'test_connection'>,
): Promise<CommandOutput<'test_connection'>> {
  const address = parseField('ollama.api_url', unmasked('userinfo', url, config.ollama.api_url))?.value;
  if (typeof address !== 'string') {
    throw new AppError('invalid_request', t('settings.no_address'));
  }
  const apiKey = key === undefined ? config.ollama.api_key : parseField('ollama.api_key', key)?.value;
  if (typeof apiKey !== 'string') throw new AppError('invalid_request', t('settings.no_key'));
  const ollama = { ...config.ollama, api_url: address, api_key: apiKey };
  return await askOllama({ ...config, ollama }, log, LIMIT_MS);
}
