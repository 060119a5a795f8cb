// What to paste into other programs to reach the gateway, on this machine and from others. Pure; the machine's interfaces
// are handed in.
import type { NetworkInterfaceInfo } from 'node:os';
import type { Config } from '../../backend/contract/config/config.ts';
import type { GatewayView } from '../../backend/contract/window/desktop.ts';
import { effectiveBind, placeHere, placeOf } from '../../backend/http/door/bind.ts';

export type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, 'family' | 'internal' | 'address'>[] | undefined>
>;

/** Where a gateway is that was started with this configuration on this port. */
export function addressesOf(
  config: Config,
  port: number,
  interfaces: Interfaces,
): Pick<GatewayView, 'addresses' | 'beyond_loopback'> {
  const bind = effectiveBind(config);
  const [first = '127.0.0.1'] = bind.hosts;
  const everywhere = first === '0.0.0.0' || first === '::';
  const here = placeHere(bind, port);
  const there = !bind.beyondLoopback ? undefined : everywhere ? lanAddress(interfaces) : first;
  return {
    addresses: {
      gateway: `http://${here}`,
      ollama_host: here,
      openai_base_url: `http://${here}/v1`,
      lan: there === undefined ? null : `http://${placeOf(there, port)}`,
    },
    beyond_loopback: bind.beyondLoopback,
  };
}

/** Made by container engines and virtual machines: nobody outside this machine reaches their addresses. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|vEthernet|cni|flannel|podman|lxc|utun|tun|tap)/i;
/** The private ranges (RFC 1918), which is what a home or an office gives its machines. */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;

/** An IPv4 address that others can type: of a real interface rather than a virtual one, a private one rather than others. */
export function lanAddress(interfaces: Interfaces): string | undefined {
  const found = Object.entries(interfaces).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ address, worth: (VIRTUAL.test(name) ? 0 : 2) + (PRIVATE.test(address) ? 1 : 0) })),
  );
  return found.toSorted((a, b) => b.worth - a.worth)[0]?.address;
}
