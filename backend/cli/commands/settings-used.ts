// The settings of `hearth serve` with its options, its file and its environment.
import { locateConfigFile, readConfigFile } from '../../config-file.ts';
import { problemSentence, resolveConfig, type ResolvedConfig } from '../../contract/config/config-sources.ts';
import type { OptionsOf } from '../command-table.ts';
import { EXIT, Exit, UsageError } from '../exits.ts';
import type { Host } from '../command-host.ts';

/** Command line options that set settings. */
type SettingOptions = OptionsOf<'config print'>;

export interface SettingsUsed extends ResolvedConfig {
  /** The file that was read, if any. */
  readonly path: string | undefined;
  /** Settings on the command line, by dotted path. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** The settings of `hearth serve` with these options. Throws Exit if they are invalid. */
export async function settingsUsed(
  options: Partial<SettingOptions>,
  { env, cwd }: Pick<Host, 'env' | 'cwd'>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<SettingsUsed> {
  const flags = { ...flagsOf(options), ...more };
  const path = await locateConfigFile(env, options.config, cwd);
  return { ...usable(await readSettings(path, flags, env)), flags, path };
}

/** The settings as far as they are valid, with their problems. */
export async function readSettings(
  path: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  env: Host['env'],
): Promise<ResolvedConfig> {
  const file = path === undefined ? {} : { file: await readConfigFile(path) };
  return resolveConfig({ ...file, env, flags }, 'headless');
}

/** The settings unchanged. Throws Exit with a sentence for each mistake in them. */
export function usable(settings: ResolvedConfig): ResolvedConfig {
  const { problems } = settings;
  if (problems.length > 0) throw new Exit(EXIT.config, problems.map(problemSentence).join('\n'));
  return settings;
}

/** Throws UsageError; its message quotes no value, since that may be a secret. */
function flagsOf({ set = [], host, port, mode }: Partial<SettingOptions>): Record<string, unknown> {
  const flags: Record<string, unknown> = {};
  for (const pair of set) {
    const [key, ...rest] = pair.split('=');
    if (key === undefined || rest.length === 0) {
      // The text behind the name may be a secret, and so may the next word.
      const name = /^[\w.]*/.exec(pair)?.[0] ?? '';
      const more = name === pair ? '' : ' and something';
      throw new UsageError(`--set needs KEY=VALUE. It was "${name}"${more}. A value with blanks in it needs quotes.`);
    }
    flags[key] = rest.join('=');
  }
  if (host !== undefined) flags['server.host'] = host;
  if (port !== undefined) flags['server.port'] = port;
  if (mode !== undefined) flags['cache.mode'] = mode;
  return flags;
}
