// `hearth completion`: prints the script with which a shell completes the commands.
import { fields } from '../../contract/config/config.ts';
import type { Run } from '../command-host.ts';
import { bashCompletion } from '../papers/completion-bash.ts';
import { fishCompletion } from '../papers/completion-fish.ts';
import { zshCompletion } from '../papers/completion-zsh.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export const completion: Run<'completion'> = async ({ args: [shell] }, { terminal }) => {
  const make = shell === 'zsh' ? SHELLS.zsh : shell === 'fish' ? SHELLS.fish : SHELLS.bash;
  terminal.write(make(fields.map(({ path }) => path)));
};
