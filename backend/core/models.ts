// How Ollama reads model names, and which near ones to offer when a name is not installed.
import { typingMistakes } from '../contract/nearest.ts';
import type { InstalledModel } from './ports.ts';

/**
 * A model name in the one form in which two spellings of the same model are equal: lower case, without the default
 * registry and namespace, with the tag written out (ollama server/routes.go:1218, types/model/name.go).
 */
export function canonicalName(name: string): string {
  const lower = name
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/^registry\.ollama\.ai\//, '')
    .replace(/^library\//, '');
  const lastPart = lower.slice(lower.lastIndexOf('/') + 1);
  return lastPart.includes(':') ? lower : `${lower}:latest`;
}

/** Whether a name asks for ollama.com's machines; such requests never meet the local scheduler. */
export function isCloudName(name: string): boolean {
  return /(?::|-)cloud$/i.test(name);
}

/** Up to three installed names that the caller may have meant, nearest first. */
export function nearNames(wanted: string, installed: readonly InstalledModel[]): string[] {
  const target = canonicalName(wanted).replace(/:latest$/, '');
  const scored = installed.map(({ name }) => {
    const own = canonicalName(name).replace(/:latest$/, '');
    const family = own.split(':')[0] ?? own;
    const distance = Math.min(typingMistakes(target, own), typingMistakes(target.split(':')[0] ?? target, family) + 1);
    return { name, distance };
  });
  return scored
    .filter(({ distance }) => distance <= Math.max(3, target.length / 2))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The sentence for a model that is not installed, with near names and the command that installs it. */
export function notInstalled(wanted: string, installed: readonly InstalledModel[]): string {
  const near = nearNames(wanted, installed);
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : '';
  return `Model "${wanted}" is not installed.${hint} To install it: ollama pull ${wanted}`;
}
