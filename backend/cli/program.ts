// The program that the bundle carries: what cli.ts does with the arguments of this process.
import { run } from './cli.ts';

run(process.argv.slice(2));
