// The packet that wakes a machine (AMD, "Magic Packet Technology", 20213): six bytes of ones, then the address of its
// network card sixteen times. Nothing answers it.
import { createSocket } from 'node:dgram';
import type { WakePlace } from '../contract/rules/upstream-list.ts';
import type { Log } from '../core/ports.ts';
import { faultOf } from '../contract/errors.ts';

/** The packet's bytes. `mac` is six bytes in hex with colons. */
export function magicPacket(mac: string): Buffer {
  const card = Buffer.from(mac.replaceAll(':', ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => card)]);
}

/** Sends the packet. A failure to send is only logged, since the machine may wake by other means. */
export function sendMagicPacket({ mac, address, port }: Omit<WakePlace, 'patienceMs'>, log: Log): void {
  const socket = createSocket('udp4');
  const failed = (error: unknown): void => {
    log.warn({ mac, address, ...faultOf(error) }, 'The packet that wakes a machine could not be sent');
  };
  socket.once('error', (error) => {
    failed(error);
    socket.close();
  });
  socket.bind(() => {
    socket.setBroadcast(true);
    socket.send(magicPacket(mac), port, address, (error) => {
      if (error !== null) failed(error);
      socket.close();
    });
  });
}
