// The yardstick for streams: what Node itself costs between a model and its caller. It takes a chat, sends it up with
// undici, reads each line that comes as JSON, writes it anew and sends it on; it checks nothing, keeps nothing and cannot
// be cancelled. Usage: relay-main.js UPSTREAM_PORT
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { text } from 'node:stream/consumers';
import { Agent, request } from 'undici';

const [upstreamPort = ''] = process.argv.slice(2);
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = JSON.stringify(JSON.parse(await text(req)));
  const headers = { 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${upstreamPort}${req.url ?? '/'}`;
  const { statusCode, body } = await request(url, { dispatcher, method: 'POST', headers, body: asked });
  res.writeHead(statusCode, { 'Content-Type': 'application/x-ndjson' });
  const decoder = new StringDecoder();
  let begun = '';
  body.on('data', (bytes: Buffer) => {
    const lines = (begun + decoder.write(bytes)).split('\n');
    begun = lines.pop() ?? '';
    const all = lines.map((line) => `${JSON.stringify(JSON.parse(line))}\n`).join('');
    if (all !== '') res.write(all);
  });
  body.on('end', () => res.end());
  body.on('error', () => res.destroy());
}

const server = createServer((req, res) => void answer(req, res).catch(() => res.destroy()));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`relay ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
