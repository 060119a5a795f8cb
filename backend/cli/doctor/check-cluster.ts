// Checks the Valkey of a fleet, if one is set: whether it can be used from here, and whether its settings are right.
import { withoutUserinfo } from '../../contract/secret.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import type { Known } from './look-around.ts';

export async function checkCluster({ settings }: Known): Promise<readonly Finding[]> {
  if (typeof settings === 'string' || settings.config.cluster.url === '') return [];
  const { cluster } = settings.config;
  // A gateway without a fleet loads none of the cluster code.
  const { lookAtValkey } = await import('../../cluster-work.ts');
  const place = withoutUserinfo(cluster.url);
  const seen = await lookAtValkey(cluster);
  if ('why' in seen) return [fail('cluster', `Valkey at ${place} ${seen.why}.`, seen.todo)];
  const { product, advice } = seen;
  if (advice !== undefined) return [warn('cluster', advice.text, advice.todo)];
  return [ok('cluster', `${product} answers at ${place}.`)];
}
