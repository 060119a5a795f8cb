// Libraries that few need travel compressed within the one file, and are read once they are needed: those of a fleet,
// which would be a third of its size.
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'rolldown';
import { bundle, type Bundled } from './bundle.ts';
import { parts } from './parts.ts';

/** What the fleet uses of its libraries (backend/cluster). */
const USED: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['Redis'],
  bullmq: ['Queue', 'QueueKeys', 'Worker', 'WaitingError'],
};

const ENTRY = 'fleet-libraries';
const ENTRY_ID = `\0${ENTRY}`;

/** They in one program, which gives what is used of them. */
function librariesProgram(project: string): Promise<Bundled> {
  const text = Object.entries(USED)
    .map(([name, used]) => `export { ${used.join(', ')} } from ${JSON.stringify(name)};`)
    .join('\n');
  const entry: Plugin = {
    name: ENTRY,
    resolveId: (name) => (name.endsWith(ENTRY) ? ENTRY_ID : undefined),
    load: (id) => (id === ENTRY_ID ? text : undefined),
  };
  return bundle(project, ENTRY, 'cjs', [entry, parts], { minify: { mangle: false } });
}

/** The text of a module that reads that program from itself, and runs it, when it is first imported. */
function carrier({ code }: Bundled): string {
  const packed = brotliCompressSync(code, {
    params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS },
  });
  return `
    import { compileFunction } from 'node:vm';
    import { brotliDecompressSync } from 'node:zlib';
    const code = brotliDecompressSync(Buffer.from(${JSON.stringify(packed.toString('base64'))}, 'base64')).toString('latin1');
    const made = { exports: {} };
    compileFunction(code, ['require', 'module', 'exports'], { filename: '${ENTRY}.cjs' })(require, made, made.exports);
    export const { ${Object.values(USED).flat().join(', ')} } = made.exports;`;
}

export interface OnDemand {
  /** Gives the libraries' imports what is carried. */
  readonly plugin: Plugin;
  /** The modules that are in them. */
  readonly modules: readonly string[];
}

/** For a bundle of `project` that is CommonJS, whose `require` the libraries get. */
export async function onDemand(project: string): Promise<OnDemand> {
  const program = await librariesProgram(project);
  const id = `\0carried:${ENTRY}`;
  return {
    modules: program.modules,
    plugin: {
      name: 'on-demand',
      resolveId: (name) => (name in USED ? id : undefined),
      load: (asked) => (asked === id ? carrier(program) : undefined),
    },
  };
}
