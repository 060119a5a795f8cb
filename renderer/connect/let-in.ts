// Whether other machines get in, and if not, what is missing. Pure.
import type { View } from '../../backend/contract/window/desktop.ts';
import { isHere } from '../parts/host.ts';

export type LetIn =
  | { readonly is: 'open'; readonly address: string; readonly anonymous: boolean }
  /** It is switched off. */
  | { readonly is: 'off' }
  /** No key, so that everybody would get in. */
  | { readonly is: 'needs_key' }
  | { readonly is: 'after_restart' }
  /** It listens, and this machine has no address that others reach. */
  | { readonly is: 'no_network' };

export function letIn({ gateway, settings }: Pick<View, 'gateway' | 'settings'>): LetIn {
  const { values } = settings;
  const anonymous = values['server.allow_anonymous'] === true;
  const { lan } = gateway.addresses;
  if (lan !== null) return { is: 'open', address: lan, anonymous };
  if (gateway.beyond_loopback) return { is: 'no_network' };
  const wished = values['server.lan'] === true || !isHere(String(values['server.host']));
  if (!anonymous && keyNames({ settings }).length === 0) return { is: 'needs_key' };
  return { is: wished ? 'after_restart' : 'off' };
}

/** What the keys are called that let machines in. */
export function keyNames({ settings }: Pick<View, 'settings'>): readonly string[] {
  const keys = settings.values['server.api_keys'];
  return Array.isArray(keys) ? keys.map(({ name }: { readonly name: string }) => name) : [];
}

/** Programs on this machine need a key too: the gateway listens at its address in the network alone. */
export function needsKeyHere({ gateway, settings }: Pick<View, 'gateway' | 'settings'>): boolean {
  return !isHere(gateway.addresses.ollama_host) && settings.values['server.allow_anonymous'] !== true;
}
