// Detects a gateway whose Ollama is itself: its requests return to it, without end. Each gateway marks its requests
// with Via (RFC 9110, section 7.6.3) and refuses requests that carry its own mark.
import { AppError } from './errors.ts';

/** Loop Detected (RFC 5842, section 7.2); Ollama has no use for it. */
export const LOOP_STATUS = 508;

/**
 * The error when the address in `setting` leads back to this gateway, as when OLLAMA_HOST is set for the apps and
 * inherited by Hearth.
 */
export function pointsAtItself(apiUrl: string, setting = 'ollama.api_url'): AppError {
  const sentence = `The address ${apiUrl} leads back to Hearth itself. Set ${setting} to where Ollama listens, by default http://127.0.0.1:11434.`;
  return new AppError('upstream_failed', sentence, {
    retryable: false,
    native: { status: LOOP_STATUS, body: { error: sentence } },
  });
}
