// The network of the run, out of Linux's own parts: a namespace for each machine, and two switches between them. On the one,
// `front`, callers reach nginx and nginx the gateways; on the other, `back`, the gateways reach Valkey, so that one can be cut
// off from it and still be asked. It is outside of the machine's own network, and gone with its namespaces.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const NAMES = 'hearth-fleet-';
const TC = ['/usr/sbin/tc', '/sbin/tc', '/usr/bin/tc'].find((path) => existsSync(path));
const IP = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].find((path) => existsSync(path));

/** The gateways. */
export const NODES = ['node-1', 'node-2', 'node-3'] as const;
export type NodeName = (typeof NODES)[number];
/** Those that keep what is shared. */
export const STORES = ['valkey-1', 'valkey-2'] as const;
export type StoreName = (typeof STORES)[number];
export type MachineName = NodeName | StoreName | 'nginx' | 'callers';
type Side = 'front' | 'back';

/** Last numbers of their addresses; on each side a machine has the same. */
const NUMBERS: Readonly<Record<MachineName, number>> = {
  'node-1': 1,
  'node-2': 2,
  'node-3': 3,
  nginx: 10,
  callers: 20,
  'valkey-1': 31,
  'valkey-2': 32,
};
const SIDES: Readonly<Record<MachineName, readonly Side[]>> = {
  'node-1': ['front', 'back'],
  'node-2': ['front', 'back'],
  'node-3': ['front', 'back'],
  nginx: ['front'],
  callers: ['front', 'back'],
  'valkey-1': ['back'],
  'valkey-2': ['back'],
};
const MACHINES = Object.keys(NUMBERS) as MachineName[];
const NETS = { front: '10.66.1', back: '10.66.2' } as const;
/** The one address of Valkey, on an interface of its own that moves to whichever of the two is the primary. */
const SERVICE = `${NETS.back}.30`;
/** As slow as a line can be that is still one: after netem, or where the kernel has none, as few bits a second as a modem has. */
const SLOW = { netem: ['delay', '60ms', '10ms'], tbf: ['rate', '96kbit', 'burst', '1600', 'latency', '2s'] } as const;

/** Why this machine cannot have such a network; undefined where it can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== 'linux' || IP === undefined || TC === undefined) {
    return 'The fleet runs in network namespaces of Linux, and needs `ip` and `tc` (Debian: apt-get install iproute2).';
  }
  if (process.getuid?.() !== 0) return 'The fleet makes network namespaces, which root alone may: sudo npm run fleet.';
  const { status, stderr } = spawnSync(IP, ['netns', 'add', `${NAMES}${process.pid}-try`], { encoding: 'utf8' });
  if (status !== 0) return `Network namespaces cannot be made here: ${stderr.trim()}`;
  ip('netns', 'del', `${NAMES}${process.pid}-try`);
  return undefined;
}

function ip(...args: readonly string[]): string {
  return execFileSync(IP ?? 'ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export class Network {
  readonly #id: string;
  /** Who has the address of Valkey. */
  #primary: StoreName = 'valkey-1';

  /** `id`: of a network that was made already, as by the process that started this one. */
  constructor(id = String(process.pid)) {
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  #space(of: MachineName | 'switch'): string {
    return `${NAMES}${this.#id}-${of}`;
  }

  /** Makes it. What one that was killed has left behind goes first. */
  build(): void {
    removeLeftOvers();
    const hub = this.#space('switch');
    ip('netns', 'add', hub);
    for (const side of ['front', 'back']) {
      ip('-n', hub, 'link', 'add', side, 'type', 'bridge');
      ip('-n', hub, 'link', 'set', side, 'up');
    }
    for (const machine of MACHINES) {
      const space = this.#space(machine);
      ip('netns', 'add', space);
      ip('-n', space, 'link', 'set', 'lo', 'up');
      for (const side of SIDES[machine]) this.#plug(machine, side, side, `${NETS[side]}.${NUMBERS[machine]}`);
    }
    for (const store of STORES) {
      // Each of its two cards answers for its own address alone: the one that moves must not be known by the other's number.
      const words = 'cd /proc/sys/net/ipv4/conf/all; echo 1 > arp_ignore; echo 2 > arp_announce; echo 0 > rp_filter';
      const [command, ...args] = this.on(store);
      execFileSync(command, [...args, 'sh', '-c', words]);
    }
    this.#plug('valkey-1', 'back', 'service', SERVICE);
  }

  /** An interface of a machine, with its cable to a switch. */
  #plug(machine: MachineName, side: Side, name: string, address: string): void {
    const hub = this.#space('switch');
    const port = portOf(machine, name);
    ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', name, 'netns', this.#space(machine));
    ip('-n', hub, 'link', 'set', port, 'master', side, 'up');
    ip('-n', this.#space(machine), 'addr', 'add', `${address}/24`, 'dev', name);
    ip('-n', this.#space(machine), 'link', 'set', name, 'up');
  }

  /** What starts a program on a machine; it takes the place of this, so that its process id is that of the program. */
  on(machine: MachineName): readonly [string, ...string[]] {
    return [IP ?? 'ip', 'netns', 'exec', this.#space(machine)];
  }

  address(machine: MachineName, side: Side): string {
    return `${NETS[side]}.${NUMBERS[machine]}`;
  }

  /** Where Valkey is, whichever of the two is. */
  get service(): string {
    return SERVICE;
  }

  /** Nothing comes through any more between a gateway and Valkey, in either direction, and nobody is told. */
  cut(node: NodeName): void {
    ip('-n', this.#space('switch'), 'link', 'set', portOf(node, 'back'), 'nomaster');
  }

  mend(node: NodeName): void {
    ip('-n', this.#space('switch'), 'link', 'set', portOf(node, 'back'), 'master', 'back', 'up');
  }

  /** The address of Valkey goes from one machine to the other, with the card that has it, so that all find it at once. */
  moveService(to: StoreName): void {
    if (to === this.#primary) return;
    ip('-n', this.#space(this.#primary), 'link', 'set', 'service', 'netns', this.#space(to));
    ip('-n', this.#space(to), 'addr', 'add', `${SERVICE}/24`, 'dev', 'service');
    ip('-n', this.#space(to), 'link', 'set', 'service', 'up');
    this.#primary = to;
  }

  /** All that a gateway sends and gets between itself and Valkey comes late. Gives what does it, for the report. */
  slow(node: NodeName): string {
    const ends = [
      ['switch', portOf(node, 'back')],
      [node, 'back'],
    ] as const;
    const by = (kind: keyof typeof SLOW): boolean =>
      ends.every(([space, link]) => this.#queue(space, 'replace', link, kind, ...SLOW[kind]));
    if (by('netem')) return `tc netem ${SLOW.netem.join(' ')}`;
    if (by('tbf')) return `tc tbf ${SLOW.tbf.slice(0, 2).join(' ')}, since this kernel has no netem`;
    throw new Error('tc can slow nothing down here');
  }

  fast(node: NodeName): void {
    this.#queue('switch', 'del', portOf(node, 'back'));
    this.#queue(node, 'del', 'back');
  }

  #queue(space: NodeName | 'switch', what: 'replace' | 'del', link: string, ...how: readonly string[]): boolean {
    const args = ['-n', this.#space(space), 'qdisc', what, 'dev', link, 'root', ...how];
    return spawnSync(TC ?? 'tc', args, { stdio: 'ignore' }).status === 0;
  }

  /** Ends all that runs in it, and takes it away. */
  remove(): void {
    removeSpaces(spaces().filter((name) => name.startsWith(`${NAMES}${this.#id}-`)));
  }
}

/** The name of the other end of a cable. Linux has 15 characters for it. */
const portOf = (machine: MachineName, link: string): string => `${machine}-${link}`.replace('valkey', 'v').slice(0, 15);

const spaces = (): string[] =>
  ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ', 1)[0] ?? '')
    .filter((name) => name.startsWith(NAMES));

function removeSpaces(names: readonly string[]): void {
  for (const name of names) {
    for (const pid of ip('netns', 'pids', name).split('\n').map(Number)) if (pid > 0) end(pid);
  }
  for (const name of names) ip('netns', 'del', name);
}

/** Networks whose run is gone. */
function removeLeftOvers(): void {
  const isLeft = (name: string): boolean => !existsSync(`/proc/${name.slice(NAMES.length).split('-', 1)[0]}`);
  removeSpaces(spaces().filter(isLeft));
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
