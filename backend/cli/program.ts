// The program in the bundle: runs cli.ts with the arguments of this process.
import { run } from './cli.ts';

run(process.argv.slice(2));
