// Applies the profile that a body names. The answer still carries the name that the caller sent.
import type { Config } from '../../contract/config/config.ts';
import type { Question } from '../../core/stories/chat/question.ts';
import { applied, profileNamed } from '../../core/models/profiles.ts';
import type { Asked } from './understood.ts';

/** Applies the profile to a request; returns the request unchanged when its body names no profile. */
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
