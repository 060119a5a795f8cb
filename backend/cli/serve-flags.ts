// The options of `hearth serve`, as settings and what else they say.
import { parseArgs } from 'node:util';
import { UsageError } from './key-command.ts';

export const SERVE_OPTIONS = `Options:
  --config FILE       configuration, TOML or JSON (else CONFIG_PATH, else ./config.toml)
  --host HOST         address to listen on (server.host)
  --port PORT         port to listen on, 0 for a free one (server.port)
  --mode MODE         live, record or replay (cache.mode)
  --recording FILE    replay what is in this file, as hearth cache export wrote it; nothing is written to disk then
  --set KEY=VALUE     any setting, as in --set ollama.model=llama3.2; may be repeated
  --help, --version
`;

export interface ServeFlags {
  readonly config: string | undefined;
  readonly recording: string | undefined;
  /** Settings by dotted path. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Throws UsageError; what it quotes has no value in it, since that may be a secret. */
export function readFlags(args: readonly string[], usage: string): ServeFlags {
  const { values, positionals } = parsed(args, usage);
  const flags: Record<string, unknown> = {};
  for (const pair of values.set ?? []) {
    const [key, ...rest] = pair.split('=');
    if (key === undefined || rest.length === 0) {
      // The text behind the name may be a secret, and so may the next argument.
      const name = /^[\w.]*/.exec(pair)?.[0] ?? '';
      throw new UsageError(`--set needs KEY=VALUE. It was "${name}"${name === pair ? '' : ' and something'}.`);
    }
    flags[key] = rest.join('=');
  }
  if (positionals.length > 0) {
    const what = values.set === undefined ? `: ${positionals.join(' ')}` : '. A value with blanks in it needs quotes.';
    throw new UsageError(`Unknown argument${what}\n\n${usage}`);
  }
  if (values.host !== undefined) flags['server.host'] = values.host;
  if (values.port !== undefined) flags['server.port'] = values.port;
  if (values.mode !== undefined) flags['cache.mode'] = values.mode;
  if (values.recording !== undefined) {
    if ((values.mode ?? 'replay').toLowerCase() !== 'replay') {
      throw new UsageError('--recording is for replay alone. Record without it, and then: hearth cache export FILE');
    }
    flags['cache.mode'] = 'replay';
  }
  return { config: values.config, recording: values.recording, values: flags };
}

function parsed(args: readonly string[], usage: string) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        mode: { type: 'string' },
        recording: { type: 'string' },
        set: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}
