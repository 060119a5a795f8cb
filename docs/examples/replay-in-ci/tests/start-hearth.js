import { spawn } from 'node:child_process';

/** Starts Hearth before the tests, and ends it after them. With HEARTH_URL the tests ask that one instead. */
export async function setup() {
  if (process.env.HEARTH_URL) return;
  const [program, ...first] = (process.env.HEARTH ?? 'hearth').split(' ');
  const options = ['serve', '--recording', 'recording.jsonl', '--port', '0'];
  const hearth = spawn(program, [...first, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.env.HEARTH_URL = await readyUrl(hearth);
  return () => hearth.kill();
}

/** The address in the line that Hearth prints when it listens. */
function readyUrl(hearth) {
  return new Promise((resolve, reject) => {
    hearth.once('error', reject);
    hearth.once('exit', (code) => reject(new Error(`hearth ended with ${code}`)));
    hearth.stdout.setEncoding('utf8').on('data', (text) => resolve(/^hearth ready (\S+)/.exec(text)?.[1]));
  });
}
