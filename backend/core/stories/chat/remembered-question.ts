// A question that was understood before. It means the same as long as nothing that it depends on has changed, so its
// kept answer is found without reading the question again. Compares by identity; the rules themselves are in
// question.ts and policy.ts.
import type { Config } from '../../../contract/config/config.ts';
import type { UpstreamState } from '../../ports.ts';
import type { ChatCall, Known } from '../../requests/call.ts';
import type { Machine } from '../machines/machine.ts';
import type { Understood } from './question.ts';
import { keepAliveOf } from './shape.ts';

/** The resulting key, and what the question was understood with. */
interface UnderstoodBy {
  readonly key: string | undefined;
  readonly config: Config;
  readonly state: UpstreamState;
}

/** Remembers what was understood; undefined when nothing could be kept. Does not hold the question itself. */
export function knownOf(
  { route, model: name, caller, owner, mark }: ChatCall,
  { model, plan, request, pinned }: Understood,
  { key, config, state: { url, version } }: UnderstoodBy,
): Known | undefined {
  if (model === undefined || key === undefined || !plan.read) return undefined;
  const about = { route, model: name, caller, owner };
  return { about, plan, key, mark, pinned, keepAlive: keepAliveOf(request), model, config, url, version };
}

/**
 * Whether the question still means the same on this machine. With several machines, any with the same model and version
 * will do.
 */
export function stillMeans(
  { model, config, url, version }: Known,
  now: Config,
  { watch, place }: Pick<Machine, 'watch' | 'place'>,
): boolean {
  if (config !== now) return false;
  const found = watch.peek(model.name);
  const { state } = watch;
  if (place !== undefined) return found?.digest === model.digest && state.version === version;
  return found === model && state.url === url && state.version === version;
}
