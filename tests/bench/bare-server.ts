// The yardstick of the rows of hits: the least that a plain `node:http` server can do for the same request. Reads the body,
// parses it as JSON, hashes it, and writes as many bytes as the gateway does. Deliberately no routes, checks or headers.
// POST /N is answered with N bytes of JSON, POST /stream/N with N bytes in chunks. Prints one ready line with its address.
import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** By address. */
const payloads = new Map<string, string>();

function payloadOf(url: string): string {
  const known = payloads.get(url);
  if (known !== undefined) return known;
  const made = 'x'.repeat(Number(url.slice(url.lastIndexOf('/') + 1)));
  payloads.set(url, made);
  return made;
}

const server = createServer((req, res) => {
  const pieces: Buffer[] = [];
  req.on('data', (piece: Buffer) => pieces.push(piece));
  req.on('end', () => {
    const { url = '/0' } = req;
    const [first] = pieces;
    const bytes = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
    const parsed: unknown = JSON.parse(bytes.toString());
    const digest = hash('sha256', bytes);
    const payload = payloadOf(url);
    // Both results are looked at, so that no engine may leave out the work.
    const status = typeof parsed === 'object' && digest.length === 64 ? 200 : 400;
    if (url.startsWith('/stream/')) res.writeHead(status, { 'Content-Type': 'text/event-stream' });
    else res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': payload.length });
    res.end(payload);
  });
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`bare ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
