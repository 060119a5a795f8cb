// The address of a Valkey: what is one, how it is spelled, and its parts.
import { describe, expect, test } from 'vitest';
import { valkeyAddress, valkeyPlace } from '../../../backend/contract/valkey-address.ts';
import { masked } from '../../../backend/contract/secret.ts';

describe('valkeyAddress', () => {
  test.each([
    ['', ''],
    ['  ', ''],
    [' redis://10.0.0.5 ', 'redis://10.0.0.5:6379'],
    ['Valkey://Cache.Example:7000/', 'valkey://cache.example:7000'],
    ['rediss://user:p%40ss@cache.example/2', 'rediss://user:p%40ss@cache.example:6379/2'],
    ['valkeys://:secret@[::1]:6380/0', 'valkeys://:secret@[::1]:6380'],
    ['redis://@localhost', 'redis://localhost:6379'],
  ])('%j is spelled %j', (text, address) => {
    expect(valkeyAddress(text)).toBe(address);
    expect(valkeyAddress(address)).toBe(address);
  });

  test.each([
    'localhost:6379',
    'http://localhost:6379',
    'redis://',
    'redis://host:0',
    'redis://host:70000',
    'redis://host/words',
    'redis://host?tls=true',
    'redis://user:p/w@host',
    'redis://user:%zz@host',
    'redis://one,two',
  ])('%j is none', (text) => expect(valkeyAddress(text)).toBeUndefined());
});

test('its parts are those that a connection needs', () => {
  expect(valkeyPlace('valkeys://me:p%40s:s@[::1]:6380/3')).toEqual({
    host: '::1',
    port: 6380,
    user: 'me',
    password: 'p@s:s',
    database: 3,
    tls: true,
  });
  expect(valkeyPlace('redis://:word@cache')).toMatchObject({ user: undefined, password: 'word', tls: false });
  expect(valkeyPlace('valkey://cache')).toMatchObject({ user: undefined, password: undefined, database: 0 });
});

test('what stands before the "@" is hidden where the address is shown', () => {
  expect(masked('userinfo', 'valkey://me:word@cache:6379')).toBe('valkey://********@cache:6379');
});
