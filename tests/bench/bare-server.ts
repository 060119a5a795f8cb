// The yardstick of the cache-hit row: the least that a plain `node:http` server can do for the same request. Reads the
// body, parses it as JSON, hashes it, writes as many bytes as the gateway does. Deliberately no routes, checks or headers.
// Usage: bare-server.js BODY_BYTES; prints one ready line with its address.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const payload = 'x'.repeat(Number(process.argv[2] ?? 0));
const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': payload.length };

const server = createServer((req, res) => {
  const pieces: Buffer[] = [];
  req.on('data', (piece: Buffer) => pieces.push(piece));
  req.on('end', () => {
    const bytes = Buffer.concat(pieces);
    const parsed: unknown = JSON.parse(bytes.toString());
    const digest = createHash('sha256').update(bytes).digest('hex');
    // Both results are looked at, so that no engine may leave out the work.
    res.writeHead(typeof parsed === 'object' && digest.length === 64 ? 200 : 400, headers);
    res.end(payload);
  });
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`bare ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
