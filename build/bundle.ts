// One file of a program with its packages in it. What it makes is written by gateway-bundle.ts and desktop-bundle.ts.
import { isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { rolldown, type OutputChunk, type OutputOptions, type Plugin } from 'rolldown';

/** A bundle, and the modules that are in it. */
export interface Bundled {
  readonly code: string;
  readonly map: SourceMapText;
  readonly modules: readonly string[];
}

interface SourceMapText {
  readonly mappings: string;
  readonly sources: readonly string[];
  readonly names: readonly string[];
}

interface BundleOptions {
  /** What it loads beside Node's own modules. */
  readonly external?: readonly string[];
  readonly minify?: NonNullable<OutputOptions['minify']>;
}

/**
 * One file of `entry`, a path in the project. It loads `external` and Node's own modules alone; an import that cannot be
 * had fails the build.
 */
export async function bundle(
  project: string,
  entry: string,
  format: 'esm' | 'cjs',
  plugins: readonly Plugin[],
  { external = [], minify = false }: BundleOptions = {},
): Promise<Bundled> {
  const build = await rolldown({
    input: join(project, entry),
    cwd: project,
    platform: 'node',
    plugins: [...plugins],
    external: [...external],
    // How long it takes is no fault of the bundle.
    checks: { bundlerTimings: false },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  try {
    const { output } = await build.generate({
      format,
      codeSplitting: false,
      comments: false,
      minify,
      sourcemap: 'hidden',
    });
    const [chunk] = output;
    const foreign = chunk.imports.filter((name) => !isBuiltin(name) && !external.includes(name));
    if (foreign.length > 0) throw new Error(`${entry} needs ${foreign.join(', ')} beside the bundle.`);
    // What is run from V8's kept code cannot import anything later.
    const late = chunk.dynamicImports.filter((name) => isBuiltin(name));
    if (late.length > 0) throw new Error(`${entry} imports ${late.join(', ')} later, which it cannot.`);
    return { code: ascii(chunk.code), map: slim(project, chunk), modules: chunk.moduleIds };
  } finally {
    await build.close();
  }
}

/** One byte a character, on the disk and in V8's memory. */
function ascii(code: string): string {
  return code.replaceAll(/[^\0-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Without the sources' text, and with their paths from the project's folder. */
function slim(project: string, { map }: OutputChunk): SourceMapText {
  if (map === null) throw new Error('There is no source map.');
  // As if the bundle stood in dist/, which is rolldown's idea of it.
  const sources = map.sources.map((source) => relative(project, join(project, 'dist', source)).replaceAll('\\', '/'));
  return { mappings: map.mappings, names: map.names, sources };
}
