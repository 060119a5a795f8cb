// `hearth models list` and `rm`: lists installed and loaded models; removes a model by Ollama's own API, which the
// gateway passes on.
import type { ModelView } from '../../contract/views/control.ts';
import { bytes, clockDuration, NOTHING, roughly } from '../../contract/in-words.ts';
import { EXIT, UsageError } from '../exits.ts';
import { gatewayOf } from '../gateway/gateway-client.ts';
import { snapshotNow } from '../gateway/live-events.ts';
import type { Run, Terminal } from '../command-host.ts';
import { table, type Cell } from '../terminal/table.ts';

export const listModels: Run<'models list'> = async ({ options }, host) => {
  const { models } = await snapshotNow(await gatewayOf(options, host));
  const { terminal } = host;
  if (options.json) terminal.write(`${JSON.stringify(models)}\n`);
  else if (models.length === 0)
    terminal.write('No model is installed. Install one, as in: hearth models pull llama3.2\n');
  else terminal.write(modelRows(models, terminal, host.now()));
};

/** One row per model. */
export function modelRows(
  models: readonly ModelView[],
  terminal: Pick<Terminal, 'columns' | 'hasColours'>,
  now: number,
): string {
  const several = models.some(({ upstreams }) => upstreams !== undefined);
  return table(
    [
      { title: 'Model', cutTo: 10 },
      ...(several ? [{ title: 'On', cutTo: 7 }] : []),
      { title: 'Size', right: true },
      { title: 'Weights', spare: 3 },
      { title: 'In memory', cutTo: 9 },
      { title: 'On GPU', right: true, spare: 1 },
      { title: 'Context', right: true, spare: 2 },
      { title: 'Tokens/s', right: true, spare: 4 },
    ],
    models.map((model) => [
      model.name,
      ...(several ? [(model.upstreams ?? []).join(', ')] : []),
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
  // Ollama's "for ever" is a date some hundred years ahead.
  return { text: left < 100 * 365 * 86_400_000 ? `for ${roughly(Math.max(0, left))}` : 'for good', tone: 'good' };
}

function gpuOf({ size_loaded, size_vram }: ModelView): Cell {
  if (size_loaded === null || size_vram === null || size_loaded === 0) return { text: '' };
  const share = Math.round((size_vram / size_loaded) * 100);
  return { text: `${share} %`, ...(share < 100 ? { tone: 'warn' as const } : {}) };
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
