// The Valkey of a fleet, where one is named: whether it can be used from here, and whether it is set as it should be.
import { withoutUserinfo } from '../../contract/secret.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import type { Known } from './look-around.ts';

export async function checkCluster({ settings }: Known): Promise<readonly Finding[]> {
  if (typeof settings === 'string' || settings.config.cluster.url === '') return [];
  const { cluster } = settings.config;
  // Nothing of it is loaded where a gateway is alone.
  const { lookAtValkey } = await import('../../cluster-work.ts');
  const place = withoutUserinfo(cluster.url);
  const seen = await lookAtValkey(cluster);
  if ('why' in seen) return [fail('cluster', `Valkey at ${place} ${seen.why}.`, seen.todo)];
  const { product, advice } = seen;
  if (advice !== undefined) return [warn('cluster', advice.text, advice.todo)];
  return [ok('cluster', `${product} answers at ${place}.`)];
}
