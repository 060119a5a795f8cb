// `npm run soak -- --requests 20000 --seed 1`: the soak of tests/behaviour/soak.test.ts, as long as one likes. Prints what
// was asked and how it ended; the exit code is 1 when anything was wrong.
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const requests = Number(values.requests);
const step = Math.max(100, Math.ceil(requests / 20));
let next = step;
const startedAt = performance.now();
const report = await soak({
  requests,
  seed: Number(values.seed),
  onWrong: (what) => process.stderr.write(`${what}\n`),
  onProgress: (done) => {
    if (done < next) return;
    next += step;
    process.stderr.write(`${done} of ${requests}, ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  },
});
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (report.wrongCount > 0 || report.leftOver.length > 0) process.exitCode = 1;
