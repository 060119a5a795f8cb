// Maps stack traces of the bundle to the sources. Node's own way (`--enable-source-maps`) reads every map at startup
// and does not support programs that run from text.
import { Sources } from './sources.ts';

/**
 * From now on the stack of an error names the sources of `file`. The map is read when a stack is requested, and may be
 * garbage-collected afterwards. Results are cached: Node itself requests the stack of each error that ends a stream
 * (lib/internal/streams/destroy.js, against a leak of V8), so the same few places are looked up repeatedly, also
 * whenever an idle connection is closed.
 */
export function readableStacks(file: string, readMap: () => string | undefined): void {
  const found = new Map<string, string>();
  let known: WeakRef<Sources> | undefined;

  function sources(): Sources | undefined {
    const before = known?.deref();
    if (before !== undefined) return before;
    const text = readMap();
    if (text === undefined) return undefined;
    const made = new Sources(text);
    known = new WeakRef(made);
    return made;
  }

  function origin(line: number, column: number): string {
    const place = `${file}:${line}:${column}`;
    const before = found.get(place);
    if (before !== undefined) return before;
    const made = sources()?.origin(line, column) ?? place;
    found.set(place, made);
    return made;
  }

  function placed(frame: NodeJS.CallSite): string {
    const text = frame.toString();
    const line = frame.getLineNumber();
    const column = frame.getColumnNumber();
    if (frame.getFileName() !== file || line === null || column === null) return text;
    return text.replace(`${file}:${line}:${column}`, origin(line, column));
  }

  Error.prepareStackTrace = (error, frames) => [String(error), ...frames.map(placed)].join('\n    at ');
}
