// The addresses of this machine in its network.
import { networkInterfaces } from 'node:os';

/** Addresses of the network interfaces; none where the system does not list them (no netlink). */
export function lanAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  } catch {
    return [];
  }
}
