// Under which addresses this machine is reached from its network.
import { networkInterfaces } from 'node:os';

/** The addresses of this machine's own network interfaces; none where the system does not let us ask (no netlink). */
export function lanAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  } catch {
    return [];
  }
}
