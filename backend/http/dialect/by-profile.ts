// Applies the profile that a body names. The answer still names the model as the caller did.
import type { Config } from '../../contract/config/config.ts';
import type { Question } from '../../core/stories/chat/question.ts';
import { applied, profileNamed } from '../../core/models/profiles.ts';
import type { Asked } from './understood.ts';

/** What a body asks once its profile is applied; unchanged where it names none. */
export function byProfile<A extends Asked & { readonly family: Question['family'] }>(
  asked: A,
  profiles: Config['models'],
): A {
  const profile = profileNamed(profiles, asked.request.model);
  if (profile === undefined) return asked;
  const { family } = asked;
  const written = family === 'chat' || family === 'generate' ? family : undefined;
  return { ...asked, name: asked.request.model, request: applied(asked.request, profile, written) };
}
