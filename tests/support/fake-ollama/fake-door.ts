// The fake Ollama's front door: the Origin and Host checks of Ollama's server/routes.go, in that order, before any work.
// Deliberately fixed to Ollama's defaults: no OLLAMA_ORIGINS, and always as if bound to loopback.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

const ORIGINS =
  /^(?:https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?|(?:app|file|tauri|vscode-webview|vscode-file):\/\/.*)$/;
const HEADERS = 'Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta';
const METHODS = 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS';
const NAMES = /^(?:|localhost|.+\.(?:localhost|local|internal))$/i;

const near = new BlockList();
near.addSubnet('127.0.0.0', 8);
near.addSubnet('10.0.0.0', 8);
near.addSubnet('172.16.0.0', 12);
near.addSubnet('192.168.0.0', 16);
near.addAddress('0.0.0.0');
near.addAddress('::1', 'ipv6');
near.addAddress('::', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');

/** Whether the request carries the key that a proxy in front of Ollama wants; Ollama itself wants none. */
export function allowed(req: IncomingMessage, key: string | undefined): boolean {
  return key === undefined || req.headers.authorization === `Bearer ${key}`;
}

/** The status to answer with and no body, or undefined to let the request in. Sets the CORS headers of an allowed origin. */
export function frontDoor(req: IncomingMessage, res: ServerResponse): number | undefined {
  const host = req.headers.host ?? '';
  const origin = req.headers.origin;
  const sameOrigin = origin === `http://${host}` || origin === `https://${host}`;
  if (origin !== undefined && !sameOrigin) {
    if (!ORIGINS.test(origin)) return 403;
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Vary', 'Origin');
    if (req.method === 'OPTIONS') {
      res.setHeader('Access-Control-Allow-Methods', METHODS);
      res.setHeader('Access-Control-Allow-Headers', HEADERS);
      res.setHeader('Access-Control-Max-Age', '43200');
      return 204;
    }
  }
  const name = host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  const family = isIP(name);
  if (family !== 0) return isNear(name, family) ? undefined : 403;
  if (!NAMES.test(name) && name.toLowerCase() !== hostname().toLowerCase()) return 403;
  return req.method === 'OPTIONS' ? 204 : undefined;
}

function isNear(address: string, family: number): boolean {
  if (near.check(address, family === 6 ? 'ipv6' : 'ipv4')) return true;
  return Object.values(networkInterfaces()).some((own) => own?.some((each) => each.address === address) === true);
}
