// `hearth models`: what is installed and what is in memory; a model installed, as far as it came and on from there; a model
// removed. Installing and removing is Ollama's own API, handed on by the gateway.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelView } from '../../contract/control.ts';
import { bytes, clockDuration, NOTHING, roughly } from '../../contract/in-words.ts';
import { EXIT, Exit, UsageError } from '../exits.ts';
import { gatewayOf, type Gateway } from '../gateway/gateway-client.ts';
import { snapshotNow } from '../gateway/live-events.ts';
import type { Host, Run, Terminal } from '../command-host.ts';
import { plainText, table, type Cell } from '../terminal/table.ts';

export const listModels: Run<'models list'> = async ({ options }, host) => {
  const { models } = await snapshotNow(await gatewayOf(options, host));
  const { terminal } = host;
  if (options.json) terminal.write(`${JSON.stringify(models)}\n`);
  else if (models.length === 0)
    terminal.write('No model is installed. Install one, as in: hearth models pull llama3.2\n');
  else terminal.write(modelRows(models, terminal, host.now()));
};

/** One a line. */
export function modelRows(
  models: readonly ModelView[],
  terminal: Pick<Terminal, 'columns' | 'hasColours'>,
  now: number,
): string {
  return table(
    [
      { title: 'Model', cutTo: 10 },
      { title: 'Size', right: true },
      { title: 'Weights', spare: 3 },
      { title: 'In memory', cutTo: 9 },
      { title: 'On GPU', right: true, spare: 1 },
      { title: 'Context', right: true, spare: 2 },
      { title: 'Tokens/s', right: true, spare: 4 },
    ],
    models.map((model) => [
      model.name,
      model.remote ? 'remote' : bytes(model.size),
      [model.parameter_size, model.quantization].filter((part) => part !== null).join(' '),
      memoryOf(model, now),
      gpuOf(model),
      model.context_length === null ? '' : String(model.context_length),
      model.tokens_per_s === null ? '' : String(Math.round(model.tokens_per_s)),
    ]),
    terminal,
  );
}

function memoryOf({ loaded, loading_ms, expires_at }: ModelView, now: number): Cell {
  if (loading_ms !== null) return { text: `loading, ${clockDuration(loading_ms)}`, tone: 'heat' };
  if (!loaded) return { text: NOTHING, tone: 'dim' };
  const left = expires_at === null ? Infinity : Date.parse(expires_at) - now;
  // Ollama's "for ever" is a date in some hundred years.
  return { text: left < 100 * 365 * 86_400_000 ? `for ${roughly(Math.max(0, left))}` : 'for good', tone: 'good' };
}

function gpuOf({ size_loaded, size_vram }: ModelView): Cell {
  if (size_loaded === null || size_vram === null || size_loaded === 0) return { text: '' };
  const share = Math.round((size_vram / size_loaded) * 100);
  return { text: `${share} %`, ...(share < 100 ? { tone: 'warn' as const } : {}) };
}

// ---- pull

/** A line of POST /api/pull, as Ollama writes it. */
interface PullLine {
  readonly status?: string;
  readonly digest?: string;
  readonly total?: number;
  readonly completed?: number;
  readonly error?: string;
}

/** How often it goes on by itself without a byte in between, and how much longer it waits each time before; milliseconds. */
const TRIES = 5;
const PAUSE_MS = 500;

export const pullModel: Run<'models pull'> = async ({ args: [model], options }, host) => {
  const gateway = await gatewayOf(options, host);
  const progress = options.json ? undefined : progressOn(host.terminal, host.now);
  try {
    for (let idle = 0; ;) {
      const came = await pulled(gateway, model, (line) => {
        if (progress === undefined) host.terminal.write(`${JSON.stringify(line)}\n`);
        else progress.show(line);
      });
      if (came.done) break;
      idle = came.bytes > 0 ? 1 : idle + 1;
      // Ollama keeps what it has of each part, and goes on from there.
      if (idle >= TRIES)
        throw new Exit(EXIT.tempfail, `${came.why} What is there stays: the same command goes on from it.`);
      progress?.say(`${came.why} It goes on.`);
      await sleep(PAUSE_MS * idle, undefined, { signal: host.signal });
    }
  } finally {
    progress?.end();
  }
  if (!options.json) host.terminal.tell(`${model} is installed.\n`);
};

interface Came {
  readonly done: boolean;
  /** How many bytes came, so that a download that gets on is never given up. */
  readonly bytes: number;
  readonly why: string;
}

/** Throws Exit where it would be the same the next time. */
async function pulled(gateway: Gateway, model: string, each: (line: PullLine) => void): Promise<Came> {
  let first: number | undefined;
  let last = 0;
  const came = (why: string): Came => ({ done: false, bytes: Math.max(0, last - (first ?? last)), why });
  const parts = new Map<string, number>();
  try {
    for await (const text of gateway.lines('POST', '/api/pull', { model, stream: true })) {
      if (text === '') continue;
      // As Ollama writes it; what is not there is not shown.
      const line = JSON.parse(text) as PullLine;
      if (line.error !== undefined) {
        if (first === undefined) throw new Exit(EXIT.data, `Ollama cannot install ${model}: ${plainText(line.error)}.`);
        return came(`Ollama says: ${plainText(line.error)}.`);
      }
      if (line.digest !== undefined) parts.set(line.digest, line.completed ?? 0);
      last = [...parts.values()].reduce((sum, one) => sum + one, 0);
      if (line.total !== undefined) first ??= last;
      each(line);
      if (line.status === 'success') return { done: true, bytes: 0, why: '' };
    }
  } catch (error) {
    // A refusal is the same the next time; what broke off in the middle need not be.
    if (!(error instanceof Exit) || first === undefined) throw error;
    return came(error.message);
  }
  return came('The download broke off.');
}

const BAR = 24;
/** Between two drawings of the same line; milliseconds. */
const DRAWN_MS = 100;

/** One line that changes, on a terminal; each new step as a line of its own elsewhere. */
function progressOn(terminal: Terminal, now: Host['now']) {
  let drawn = 0;
  let status = '';
  let from: { readonly at: number; readonly bytes: number; readonly digest: string } | undefined;
  const draw = (text: string): void => terminal.tell(terminal.isTerminal ? `\r\u001B[K${text}` : `${text}\n`);
  return {
    show({ status: step = '', digest = '', total, completed = 0 }: PullLine): void {
      const isNew = step !== status;
      if (!isNew && (!terminal.isTerminal || now() - drawn < DRAWN_MS)) return;
      if (isNew && terminal.isTerminal && status !== '') terminal.tell('\n');
      [drawn, status] = [now(), step];
      if (total === undefined) return draw(plainText(step));
      if (from?.digest !== digest) from = { at: now(), bytes: completed, digest };
      const share = total === 0 ? 1 : completed / total;
      const done = Math.round(share * BAR);
      const speed = ((completed - from.bytes) * 1000) / Math.max(1, now() - from.at);
      const left = speed > 0 ? `, ${roughly(((total - completed) * 1000) / speed)} left` : '';
      const bar = terminal.isTerminal ? `${'█'.repeat(done)}${'░'.repeat(BAR - done)} ` : '';
      draw(plainText(`${step}  ${bar}${Math.floor(share * 100)} %  ${bytes(completed)} of ${bytes(total)}${left}`));
    },
    say(text: string): void {
      if (terminal.isTerminal) terminal.tell('\n');
      status = '';
      terminal.tell(`${text}\n`);
    },
    end(): void {
      if (terminal.isTerminal && status !== '') terminal.tell('\n');
    },
  };
}

// ---- rm

export const removeModel: Run<'models rm'> = async ({ args: [model], options }, host) => {
  const gateway = await gatewayOf(options, host);
  const { stdin, tell, write } = host.terminal;
  if (!options.yes) {
    if (!stdin.isTerminal) throw new UsageError('There is nobody to ask back. Say --yes to remove it without.');
    tell(`Remove ${model} from the disk of ${gateway.url}? It has to be downloaded again then. [y/N] `);
    if (!/^y(es)?$/i.test((await stdin.line())?.trim() ?? '')) {
      tell('Nothing is removed.\n');
      return EXIT.ok;
    }
  }
  await gateway.ask('DELETE', '/api/delete', { model });
  if (options.json) write(`${JSON.stringify({ model, removed: true })}\n`);
  else tell(`${model} is removed.\n`);
  return EXIT.ok;
};
