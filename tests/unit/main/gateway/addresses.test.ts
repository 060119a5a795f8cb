// What is pasted into other programs to reach the gateway, on this machine and from others.
import { expect, test } from 'vitest';
import { configSchema } from '../../../../backend/contract/config/config.ts';
import { addressesOf, lanAddress, type Interfaces } from '../../../../main/gateway/addresses.ts';

const ip = (address: string, internal = false) => ({ family: 'IPv4', internal, address }) as const;
const HOME: Interfaces = {
  lo: [ip('127.0.0.1', true)],
  docker0: [ip('172.17.0.1')],
  eth0: [{ family: 'IPv6', internal: false, address: 'fe80::1' }, ip('192.168.1.24')],
};
const gateway = (server: object, interfaces = HOME) => addressesOf(configSchema.parse({ server }), 8080, interfaces);
const addresses = (server: object, interfaces = HOME) => gateway(server, interfaces).addresses;

test('on loopback there is none for other machines', () => {
  expect(addresses({})).toEqual({
    gateway: 'http://127.0.0.1:8080',
    ollama_host: '127.0.0.1:8080',
    openai_base_url: 'http://127.0.0.1:8080/v1',
    lan: null,
  });
  // Without a key nobody is let in.
  expect(gateway({ lan: true })).toMatchObject({ addresses: { lan: null }, beyond_loopback: false });
});

test('in LAN mode it is that of the network', () => {
  expect(addresses({ lan: true, allow_anonymous: true })).toMatchObject({
    gateway: 'http://127.0.0.1:8080',
    lan: 'http://192.168.1.24:8080',
  });
  expect(gateway({ lan: true, allow_anonymous: true }, {})).toMatchObject({
    addresses: { lan: null },
    beyond_loopback: true,
  });
});

test('where it listens on one address alone, that is the one for all', () => {
  const server = { host: '10.0.0.5', allow_anonymous: true };
  expect(addresses(server)).toMatchObject({ gateway: 'http://10.0.0.5:8080', lan: 'http://10.0.0.5:8080' });
  expect(addresses({ host: 'fd00::5', allow_anonymous: true }).ollama_host).toBe('[fd00::5]:8080');
  expect(addresses({ host: '::1' })).toMatchObject({ ollama_host: '[::1]:8080', lan: null });
});

test('a real interface goes before a virtual one, a private address before another', () => {
  expect(lanAddress(HOME)).toBe('192.168.1.24');
  expect(lanAddress({ wwan0: [ip('100.64.1.1')], wlan0: [ip('10.1.2.3')] })).toBe('10.1.2.3');
  expect(lanAddress({ docker0: [ip('172.17.0.1')] })).toBe('172.17.0.1');
  expect(lanAddress({ lo: [ip('127.0.0.1', true)] })).toBeUndefined();
});
