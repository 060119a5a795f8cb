// Which models a machine may be asked for, by patterns in which "*" matches anything.
import { canonicalName } from '../../contract/model-name.ts';

/** Whether a model matches one of the patterns, ignoring case; without patterns every model does. */
export function mayRun(patterns: readonly string[]): (model: string) => boolean {
  if (patterns.length === 0) return () => true;
  const fits = patterns.map(fitting);
  return (model) => {
    const full = canonicalName(model);
    // Ollama's default tag may be left out of a pattern.
    const short = full.replace(/:latest$/, '');
    return fits.some((fit) => fit.test(full) || fit.test(short));
  };
}

function fitting(pattern: string): RegExp {
  const parts = pattern.trim().toLowerCase().split('*');
  const escaped = parts.map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}
