// How one tells an Ollama from anything else that answers at its address. It keeps nothing.
import { asAppError } from '../contract/errors.ts';

/**
 * The version; undefined from servers that are only like Ollama and tell none, but have its list of models. Rejects with
 * what the question for the version came to: upstream_unreachable when nobody answered it, and then nothing else is asked.
 */
export async function versionOf(
  version: () => Promise<string>,
  models: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    return (await version()) || undefined;
  } catch (error) {
    if (asAppError(error).code === 'upstream_unreachable') throw error;
    await models().catch(() => {
      throw error;
    });
    return undefined;
  }
}
