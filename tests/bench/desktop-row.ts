// The rows of the desktop: memory of all processes with the window closed and open, and time to the tray, against an app that
// has a tray and nothing else; and how long Electron's main process is busy while 100 streams run through it.
import { setTimeout as sleep } from 'node:timers/promises';
import { startDesktop } from '../support/desktop/real-app.ts';
import { Stage, type AppName } from './desktop-programs.ts';
import { startUpstream } from './programs.ts';
import type { Row } from './report.ts';
import { median, spread } from './stats.ts';

const ROUNDS = 5;
/** After the start Chromium still loads for a while. */
const SETTLE_MS = 6000;
const CLOSED_BUDGET = 1.15;
const OPEN_BUDGET = 1.5;
const STREAMS = 100;
const LOOP_BUDGET_MS = 50;

export const desktopMemory: Row = {
  name: 'desktop-memory',
  title: 'Desktop, window closed and open',
  limitMs: 240_000,
  async run() {
    const upstream = startUpstream({});
    const ollama = `http://127.0.0.1:${await upstream.port()}`;
    const stage = await Stage.start();
    const memory: Record<AppName, number[]> = { hearth: [], open: [], empty: [] };
    const starts: Record<AppName, number[]> = { hearth: [], open: [], empty: [] };
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (const name of ['hearth', 'empty', 'open'] as const) {
          const app = await stage.open(name, 0, { OLLAMA_API_URL: ollama, OLLAMA_MODEL: 'llama3.2' });
          await sleep(SETTLE_MS);
          memory[name].push(app.pssMb());
          starts[name].push(app.startMs);
          await app.stop();
        }
      }
    } finally {
      await stage.stop();
    }
    const closed = median(memory.hearth) / median(memory.empty);
    const open = median(memory.open) / median(memory.empty);
    const later = median(starts.hearth) - median(starts.empty);
    return {
      findings: [
        {
          what: 'Desktop, window closed: memory of all processes (PSS)',
          measured: `${closed.toFixed(2)} × an empty tray-only app`,
          budget: `≤ ${CLOSED_BUDGET} ×`,
          kept: closed <= CLOSED_BUDGET,
          why: 'All of it is in the main process: the gateway with its packages, and those parts of Electron and Node that a server touches and a tray alone does not. Tried, and kept: the main process is one bundled file, and what a start does not need is read when it is needed.',
        },
        {
          what: 'Desktop, window open: the same',
          measured: `${open.toFixed(2)} ×`,
          budget: `≤ ${OPEN_BUDGET} ×`,
          kept: open <= OPEN_BUDGET,
          why: 'The page’s renderer alone has two fifths of what the empty app has in all its processes, most of it Chromium itself. Tried, and kept: no framework but Preact, and no process of it is left once the window is closed.',
        },
        {
          what: 'Desktop: start to tray registered',
          measured: `${median(starts.hearth).toFixed(0)} ms, ${later.toFixed(0)} ms after an empty app's`,
          budget: '–',
          kept: undefined,
        },
      ],
      notes: [
        `${ROUNDS} starts of each in turn, Electron ${stage.electronVersion}, hardware acceleration off; memory is read ${SETTLE_MS / 1000} s after the tray has registered. Hearth: median ${median(memory.hearth).toFixed(0)} MB (${spread(memory.hearth, 0)}); with its window median ${median(memory.open).toFixed(0)} MB (${spread(memory.open, 0)}). Empty app: median ${median(memory.empty).toFixed(0)} MB (${spread(memory.empty, 0)}). The ratios are those of the medians.`,
        `From spawn to the tray's registration on the bus: Hearth median ${median(starts.hearth).toFixed(0)} ms (${spread(starts.hearth, 0)}), empty app median ${median(starts.empty).toFixed(0)} ms (${spread(starts.empty, 0)}).`,
      ],
    };
  },
};

export const desktopLoop: Row = {
  name: 'desktop-loop',
  title: 'Main process while 100 streams run',
  limitMs: 120_000,
  async run() {
    const desktop = await startDesktop({
      fake: { parallel: STREAMS },
      settings: { queue: { max_concurrent: 64, max_queue_size: 200 } },
      args: [],
    });
    try {
      await desktop.ready();
      await desktop.window();
      await desktop.app.evaluate(() => {
        const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
        const histogram = monitorEventLoopDelay({ resolution: 1 });
        histogram.enable();
        Object.assign(globalThis, { histogram });
      });
      desktop.fake.always({ pieces: PIECES, pieceMs: 10 });
      const answers = Array.from({ length: STREAMS }, async (_, i) => {
        const answer = await desktop.chat(`stream ${i}`, { stream: true });
        return (await answer.text()).split('\n\n').length;
      });
      const pieces = await Promise.all(answers);
      const delays = await desktop.app.evaluate(() => {
        const { histogram } = globalThis as unknown as {
          histogram: { percentile(p: number): number; max: number; mean: number };
        };
        return { p50: histogram.percentile(50) / 1e6, p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 };
      });
      return {
        findings: [
          {
            what: 'Main process while 100 streams run, window open: event-loop delay p99',
            measured: `${delays.p99.toFixed(1)} ms`,
            budget: `≤ ${LOOP_BUDGET_MS} ms`,
            kept: delays.p99 <= LOOP_BUDGET_MS,
          },
        ],
        notes: [
          `${STREAMS} different streamed chats at once, 64 of them running, ${PIECES.length} pieces each 10 ms apart, with the window open; ${pieces.reduce((a, b) => a + b, 0)} pieces were delivered. Delay: median ${delays.p50.toFixed(1)} ms, p99 ${delays.p99.toFixed(1)} ms, longest ${delays.max.toFixed(1)} ms (perf_hooks.monitorEventLoopDelay, 1 ms steps).`,
        ],
      };
    } finally {
      await desktop.stop();
    }
  },
};

const PIECES = Array.from({ length: 200 }, (_, i) => ({ content: `word ${i} ` }));
