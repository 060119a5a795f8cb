// Which models may be asked of a machine, by patterns in which "*" stands for anything.
import { canonicalName } from '../../contract/model-name.ts';

/** Whether a model fits one of them, in small or capital letters; without patterns every model does. */
export function mayRun(patterns: readonly string[]): (model: string) => boolean {
  if (patterns.length === 0) return () => true;
  const fits = patterns.map(fitting);
  return (model) => {
    const full = canonicalName(model);
    // The tag that Ollama adds by itself need not be in a pattern.
    const short = full.replace(/:latest$/, '');
    return fits.some((fit) => fit.test(full) || fit.test(short));
  };
}

function fitting(pattern: string): RegExp {
  const parts = pattern.trim().toLowerCase().split('*');
  const escaped = parts.map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`, 's');
}
