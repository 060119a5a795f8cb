// What the manual page and docs/cli.md contain beside the commands: environment variables and exit codes.
import { EXIT } from '../exits.ts';

export const ENVIRONMENT: readonly (readonly [name: string, what: string])[] = [
  ['HEARTH_URL', 'the gateway that commands ask, where --url is not given'],
  ['HEARTH_API_KEY', 'a key for a gateway elsewhere, where --api-key-file is not given'],
  ['CONFIG_PATH', 'the configuration file, where --config is not given'],
  ['HEARTH_DATA_DIR', 'the folder where hearth serve keeps its data'],
  ['NO_COLOR, FORCE_COLOR', 'no colours, or colours also where the output is no terminal'],
];

export const EXITS: readonly (readonly [code: number, what: string])[] = [
  [EXIT.ok, 'It is done.'],
  [EXIT.failed, 'A check of hearth doctor has failed.'],
  [EXIT.usage, 'The command line is wrong.'],
  [EXIT.data, 'What was asked for is refused, such as an id that is not there.'],
  [EXIT.unavailable, 'The gateway or Ollama does not answer, or a port is taken.'],
  [EXIT.software, 'A mistake of Hearth.'],
  [EXIT.io, 'The output cannot be written.'],
  [EXIT.tempfail, 'It may work later.'],
  [EXIT.noperm, 'A key is missing, wrong, or not for this.'],
  [EXIT.config, 'The configuration is wrong.'],
];
