// The simulated Ollama as a process of its own, so that its work is not done on the gateway's or the measurer's thread.
// It answers every chat with the same text; a line "runs" on standard input is answered with the number of model runs.
// A line "hold" keeps every answer back from then on, and "release" lets them go; each says so when it is done.
// It ends with its standard input, so nothing stays behind when the benchmark is killed.
// Usage: upstream-main.js [--pieces N] [--piece-chars N] [--piece-ms MS] [--first-ms MS] [--parallel N]
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Gate } from '../support/fake-ollama/fake-events.ts';
import { startFakeOllama } from '../support/fake-ollama/fake-ollama.ts';
import { prose } from './bench-requests.ts';

const { values } = parseArgs({
  options: {
    pieces: { type: 'string', default: '1' },
    'piece-chars': { type: 'string', default: '6' },
    'piece-ms': { type: 'string', default: '0' },
    'first-ms': { type: 'string', default: '0' },
    parallel: { type: 'string', default: '1' },
  },
});

const count = Number(values.pieces);
const chars = Number(values['piece-chars']);
const text = prose(count * chars);
const firstPieceMs = Number(values['first-ms']);
const script = {
  pieces: Array.from({ length: count }, (_, index) => text.slice(index * chars, (index + 1) * chars)),
  pieceMs: Number(values['piece-ms']),
  ...(firstPieceMs > 0 ? { firstPieceMs } : {}),
};

let runs = 0;
const fake = await startFakeOllama({
  models: [{ name: 'llama3.2', capabilities: ['completion', 'tools'] }],
  parallel: Number(values.parallel),
  // Its own memory is nobody's question: few calls are kept.
  keepCalls: 100,
  answer: () => {
    runs++;
    return script;
  },
});
process.stdout.write(`upstream ready ${fake.url}\n`);

const commands = createInterface({ input: process.stdin });
let gate: Gate | undefined;
commands.on('line', (line) => {
  if (line === 'runs') process.stdout.write(`runs ${runs}\n`);
  if (line === 'hold') {
    gate = fake.gate();
    process.stdout.write('held\n');
  }
  if (line === 'release') {
    gate?.release();
    process.stdout.write('released\n');
  }
});
commands.on('close', () => void fake.stop());
