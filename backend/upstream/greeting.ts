// Tells an Ollama from other programs that answer at its address. It keeps nothing.
import { asAppError } from '../contract/errors.ts';

/**
 * The version; undefined from servers that are only like Ollama and tell none, or not in time, but have its list of models.
 * Rejects with what the question for the version came to.
 */
export async function versionOf(
  version: () => Promise<string>,
  models: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    return (await version()) || undefined;
  } catch (error) {
    // One that could not be asked may have a version.
    if (asAppError(error).code === 'overloaded') throw error;
    await models().catch(() => {
      throw error;
    });
    return undefined;
  }
}
