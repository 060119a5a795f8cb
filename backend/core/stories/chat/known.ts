// A question that was understood before. As long as nothing that its meaning depends on has changed, it means the same, and
// its kept answer is found without reading it. Compared by identity: the rules themselves are in question.ts and policy.ts.
import type { Config } from '../../../contract/config/config.ts';
import type { UpstreamState } from '../../ports.ts';
import type { ChatCall, Known } from '../../requests/call.ts';
import type { Machine } from '../machines/machine.ts';
import type { Understood } from './question.ts';
import { keepAliveOf } from './shape.ts';

/** The key that came of it, and by what it was understood. */
interface UnderstoodBy {
  readonly key: string | undefined;
  readonly config: Config;
  readonly state: UpstreamState;
}

/** Remembers what was understood; undefined where nothing could be kept. The question itself is not held. */
export function knownOf(
  { route, model: name, caller, owner, mark }: ChatCall,
  { model, plan, request, pinned }: Understood,
  { key, config, state: { url, version } }: UnderstoodBy,
): Known | undefined {
  if (model === undefined || key === undefined || !plan.read) return undefined;
  const about = { route, model: name, caller, owner };
  return { about, plan, key, mark, pinned, keepAlive: keepAliveOf(request), model, config, url, version };
}

/** Whether it still means what it meant, asked of this machine: of several, each that has the same model and version will do. */
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
