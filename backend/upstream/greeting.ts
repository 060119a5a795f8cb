// Tells an Ollama from other programs that answer at its address. It keeps no state.
import { asAppError } from '../contract/errors.ts';

/**
 * The version; undefined for servers that imitate Ollama and do not report one in time, but do have its list of models.
 * Rejects with the error of the version request.
 */
export async function versionOf(
  version: () => Promise<string>,
  models: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    return (await version()) || undefined;
  } catch (error) {
    // It was not asked for lack of a handle, so it may have a version.
    if (asAppError(error).code === 'overloaded') throw error;
    await models().catch(() => {
      throw error;
    });
    return undefined;
  }
}
