// Property tests draw the same cases on every run, so that what passed once passes again. `PROPERTY_SEED=random` draws
// others, and a number draws those of a run that failed; what it finds belongs among the examples of its test.
import * as fc from 'fast-check';

const { PROPERTY_SEED = '20261127' } = process.env;
if (PROPERTY_SEED !== 'random') fc.configureGlobal({ seed: Number(PROPERTY_SEED) });

export { fc };
