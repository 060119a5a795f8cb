// The name of this gateway in its fleet, in metrics and for users.
import { hostname } from 'node:os';
import type { Config } from './contract/config/config.ts';

/** cluster.node, else the name of this machine. */
export function nodeName({ node }: Pick<Config['cluster'], 'node'>): string {
  return node === '' ? hostname().replaceAll(/[^\w.-]/g, '-') : node;
}
