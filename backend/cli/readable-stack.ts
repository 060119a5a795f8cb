// Stack traces of the bundle in terms of the sources. Node's own way (`--enable-source-maps`) reads every map at the start
// and knows nothing of programs that are run from text.
import { SourceMap } from 'node:module';

/**
 * From now on the stack of an error names the sources of `file`. The map is read when a stack is asked for, and may be
 * forgotten then: decoded it is some megabytes, and errors with a stack are rare.
 */
export function readableStacks(file: string, readMap: () => string | undefined): void {
  let known: WeakRef<SourceMap> | undefined;

  function map(): SourceMap | undefined {
    const before = known?.deref();
    if (before !== undefined) return before;
    const text = readMap();
    if (text === undefined) return undefined;
    const made = new SourceMap(JSON.parse(text) as ConstructorParameters<typeof SourceMap>[0]);
    known = new WeakRef(made);
    return made;
  }

  function placed(frame: NodeJS.CallSite): string {
    const text = frame.toString();
    const line = frame.getLineNumber();
    const column = frame.getColumnNumber();
    if (frame.getFileName() !== file || line === null || column === null) return text;
    const origin = map()?.findOrigin(line, column);
    if (origin === undefined || !('fileName' in origin)) return text;
    return text.replace(`${file}:${line}:${column}`, `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`);
  }

  Error.prepareStackTrace = (error, frames) => [String(error), ...frames.map(placed)].join('\n    at ');
}
