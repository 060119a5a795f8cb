// `hearth config`: shows the configuration in force, checks a file, and writes one setting into it. Secrets are hidden
// (contract/secret.ts), so that the output can be given away.
import { resolve } from 'node:path';
import { stringify as tomlOf } from 'smol-toml';
import { locateConfigFile, readConfigFile } from '../../config-file.ts';
import { fields, valueOf, withValue, type Config, type FieldInfo } from '../../contract/config/config.ts';
import { problemSentence, resolveConfig } from '../../contract/config/config-sources.ts';
import { masked } from '../../contract/secret.ts';
import { EXIT, Exit } from '../exits.ts';
import type { Run } from '../command-host.ts';
import { whileLocked, writeSetting } from './config-edit.ts';
import { settingsUsed, usable } from './settings-used.ts';

export const printConfig: Run<'config print'> = async ({ options }, { env, cwd, terminal }) => {
  const { config, notices } = await settingsUsed(options, { env, cwd });
  const shown = shownConfig(config);
  for (const notice of notices) terminal.tell(`${notice}\n`);
  terminal.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : tomlOf(shown));
};

export const checkConfig: Run<'config check'> = async ({ args: [path] }, { cwd, terminal }) => {
  const { notices } = usable(resolveConfig({ file: await readConfigFile(resolve(cwd, path)) }, 'headless'));
  for (const notice of notices) terminal.tell(`${notice}\n`);
  terminal.write(`${path} can be used.\n`);
};

export const getSetting: Run<'config get'> = async ({ args: [key], options }, { env, cwd, terminal }) => {
  const field = fieldOf(key);
  const { config } = await settingsUsed({ config: options.config }, { env, cwd });
  const value = masked(field.secret, valueOf(config, field));
  terminal.write(`${!options.json && typeof value === 'string' ? value : JSON.stringify(value)}\n`);
};

export const setSetting: Run<'config set'> = async ({ args: [key, text], options }, { env, cwd, terminal }) => {
  const field = fieldOf(key);
  const given = text === '-' ? (await terminal.stdin.text()).replace(/\r?\n$/, '') : text;
  // Parsed as on the command line of `hearth serve`, with the same error messages.
  const value = valueOf(usable(resolveConfig({ flags: { [key]: given } }, 'headless')).config, field);
  const path = (await locateConfigFile(env, options.config, cwd)) ?? resolve(cwd, 'config.toml');
  await whileLocked(path, () => writeSetting(path, field, value));
  const when = field.applies === 'live' ? 'at once' : 'after a restart';
  terminal.tell(`${key} is written to ${path}. A gateway that follows this file takes it over ${when}.\n`);
  const stronger = field.env.find((name) => env[name] && name !== 'OLLAMA_HOST');
  if (stronger !== undefined) terminal.tell(`${stronger} is set in the environment, and goes before it.\n`);
};

/** Throws Exit with the key that was probably meant. */
function fieldOf(key: string): FieldInfo {
  const found = fields.find(({ path }) => path === key);
  if (found !== undefined) return found;
  const { problems } = resolveConfig({ flags: { [key]: '' } }, 'headless');
  throw new Exit(EXIT.usage, problems.map(problemSentence).join('\n'));
}

/** All settings by section, each as it may be shown. */
function shownConfig(config: Config): Readonly<Record<string, unknown>> {
  let shown: Readonly<Record<string, unknown>> = {};
  for (const field of fields) shown = withValue(shown, field, masked(field.secret, valueOf(config, field)));
  return shown;
}
