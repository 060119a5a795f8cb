// Reads Valkey's INFO: whether Hearth can use it, and which of its settings will cause trouble.
import { LOST_PRIMARY, REPLICA, UnfitError } from './valkey-failure.ts';

/** The parts of INFO that matter here. */
export interface ValkeySays {
  /** Product and version: "Valkey 8.1.3", "Redis 7.0.15". */
  readonly product: string;
  /** Bytes; 0: no limit. */
  readonly maxMemory: number;
  readonly usedMemory: number;
  readonly policy: string;
  /** Whether it writes each change to disk (appendonly). */
  readonly isDurable: boolean;
}

/** What a setting of Valkey will lead to, and what to do. */
export interface Advice {
  readonly text: string;
  readonly todo: string;
}

/** The first version with XADD MINID. */
const OLDEST = [6, 2];

/** Parses INFO. Throws UnfitError if Hearth cannot work with this Valkey. */
export function lookOver(info: string): ValkeySays {
  const facts = new Map(Array.from(info.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = '', value = '']) => [name, value]));
  const version = facts.get('redis_version') ?? '0';
  const valkey = facts.get('valkey_version');
  const product = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = OLDEST;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    throw new UnfitError({
      why: `is ${product}, which is too old`,
      todo: `Update it to ${OLDEST.join('.')} or newer.`,
    });
  }
  if (facts.get('loading') === '1') {
    throw new UnfitError({ why: 'is still loading its data', todo: 'Nothing: it ends by itself.' });
  }
  if (facts.get('role') === 'slave') {
    // While it copies all data from its primary, the link counts as down too.
    const isLost = facts.get('master_link_status') === 'down' && facts.get('master_sync_in_progress') !== '1';
    throw new UnfitError(isLost ? LOST_PRIMARY : REPLICA);
  }
  return {
    product,
    maxMemory: Number(facts.get('maxmemory') ?? 0),
    usedMemory: Number(facts.get('used_memory') ?? 0),
    policy: facts.get('maxmemory_policy') ?? 'noeviction',
    isDurable: facts.get('aof_enabled') === '1',
  };
}

/** What should be changed in Valkey; undefined if its settings are fine. */
export function adviceFor({ maxMemory, policy }: ValkeySays): Advice | undefined {
  if (maxMemory === 0) {
    return {
      text: 'Valkey has no bound of memory (maxmemory 0), so that kept answers may fill its machine.',
      todo: 'Set maxmemory, and maxmemory-policy volatile-lru (docs/cluster.md).',
    };
  }
  if (policy === 'noeviction') {
    return {
      text: 'Valkey keeps all that it has when it is full (maxmemory-policy noeviction), so that new answers are not shared then.',
      todo: 'Set maxmemory-policy volatile-lru: then the answers that were not used for longest go.',
    };
  }
  if (policy.startsWith('allkeys')) {
    return {
      text: `Valkey may drop anything when it is full (maxmemory-policy ${policy}), jobs too.`,
      todo: 'Set maxmemory-policy volatile-lru: then only what has a time to live goes.',
    };
  }
  return undefined;
}

/** Advice about its disk, for jobs. */
export function adviceForJobs({ isDurable }: Pick<ValkeySays, 'isDurable'>): Advice | undefined {
  if (isDurable) return undefined;
  return {
    text: 'Valkey does not write each change to its disk (appendonly no): jobs that were accepted are lost when it restarts.',
    todo: 'Set appendonly yes (docs/cluster.md).',
  };
}
