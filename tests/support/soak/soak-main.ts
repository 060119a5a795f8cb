// `npm run soak -- --requests 20000 --seed 1`: the soak of tests/behaviour/soak.test.ts, as long as one likes. With
// `--silence 5` an answer that never comes is given up after 5 s; `--kept 0` asks for no kept answers at the end; `--leak 100` loses
// about 100 bytes with each request, which must be told. Prints what was asked and how it ended; the exit code is 1 when
// anything was wrong.
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    silence: { type: 'string', default: '30' },
    kept: { type: 'string' },
    leak: { type: 'string', default: '0' },
  },
});
const requests = Number(values.requests);
const step = Math.max(100, Math.ceil(requests / 20));
let next = step;
const startedAt = performance.now();
const report = await soak({
  requests,
  seed: Number(values.seed),
  silenceSeconds: Number(values.silence),
  leakBytes: Number(values.leak),
  ...(values.kept === undefined ? {} : { keptAlone: Number(values.kept) }),
  onWrong: (what) => process.stderr.write(`${what}\n`),
  onProgress: (done) => {
    if (done < next) return;
    next += step;
    const { user, system } = process.cpuUsage();
    const [wall, cpu] = [performance.now() - startedAt, (user + system) / 1000].map((ms) => Math.round(ms / 1000));
    process.stderr.write(`${done} of ${requests}, ${wall} s, ${cpu} s of processor time\n`);
  },
});
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (report.wrongCount > 0 || report.leftOver.length > 0) process.exitCode = 1;
