// `hearth config`: shows the configuration in force, or says whether a file can be used. It changes nothing.
// What is secret in them is hidden (contract/secret.ts), so that what is printed can be given away.
import { stringify as tomlOf } from 'smol-toml';
import { readConfigFile } from '../config-file.ts';
import { fields, valueOf, withValue, type Config } from '../contract/config/config.ts';
import { resolveConfig, type ResolvedConfig } from '../contract/config/config-sources.ts';
import { masked } from '../contract/secret.ts';
import { UsageError, type Output } from './key-command.ts';

export const CONFIG_USAGE = `Usage: hearth config --print [--json] [options of hearth serve]
       hearth config --check FILE

--print prints all settings as hearth serve would use them, as TOML or JSON, without the secrets in them.
--check says whether hearth serve can use a file, and what is wrong with it.
`;

/** What `hearth serve` does with settings. */
interface ConfigHost {
  /** Those by which it would run with these arguments. Throws where it would not run. */
  settingsFor(args: readonly string[]): Promise<ResolvedConfig>;
  /** The same settings. Throws a sentence for each mistake in them. */
  usable(settings: ResolvedConfig): ResolvedConfig;
}

/** Runs one command; `args` begin after "config". Throws UsageError, ConfigFileError, and what the host throws. */
export async function configCommand(args: readonly string[], out: Output, host: ConfigHost): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case '--print': {
      const options = rest.filter((each) => each !== '--json');
      const { config, notices } = await host.settingsFor(options);
      const shown = shownConfig(config);
      for (const notice of notices) out.tell(`${notice}\n`);
      out.write(options.length < rest.length ? `${JSON.stringify(shown, null, 2)}\n` : tomlOf(shown));
      return;
    }
    case '--check': {
      const [path, ...more] = rest;
      if (path === undefined || more.length > 0) throw new UsageError(`--check needs one file.\n\n${CONFIG_USAGE}`);
      const { notices } = host.usable(resolveConfig({ file: await readConfigFile(path) }, 'headless'));
      for (const notice of notices) out.tell(`${notice}\n`);
      out.write(`${path} can be used.\n`);
      return;
    }
    default:
      throw new UsageError(CONFIG_USAGE);
  }
}

/** All settings in their sections, each as it may be shown. */
function shownConfig(config: Config): Readonly<Record<string, unknown>> {
  let shown: Readonly<Record<string, unknown>> = {};
  for (const field of fields) shown = withValue(shown, field, masked(field.secret, valueOf(config, field)));
  return shown;
}
