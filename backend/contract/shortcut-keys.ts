// The global shortcut that opens the window, as people write it and as Electron reads it (Electron: "Accelerator").
// Pure.

/** Names that people use for a modifier → the canonical name. */
const MODIFIERS: Readonly<Record<string, string>> = {
  ctrl: 'Ctrl',
  control: 'Ctrl',
  strg: 'Ctrl',
  alt: 'Alt',
  option: 'Alt',
  shift: 'Shift',
  umschalt: 'Shift',
  super: 'Super',
  meta: 'Super',
  win: 'Super',
  cmd: 'Cmd',
  command: 'Cmd',
};
/** The order of modifiers in the result. */
const ORDER = ['Ctrl', 'Alt', 'Shift', 'Super', 'Cmd'];

/**
 * "ctrl + shift + h" → "Ctrl+Shift+H": one key after its modifiers, or a function key alone; empty for none. Shift
 * alone is not enough, since it would take a letter from all other programs. Undefined for anything else.
 */
export function spelledShortcut(text: string): string | undefined {
  const parts = text.split('+').map((part) => part.trim().toLowerCase());
  if (text.trim() === '') return '';
  const key = keyOf(parts.pop() ?? '');
  const modifiers = parts.map((part) => (Object.hasOwn(MODIFIERS, part) ? MODIFIERS[part] : undefined));
  if (key === undefined || modifiers.some((each) => each === undefined)) return undefined;
  const held = ORDER.filter((name) => modifiers.includes(name));
  const isFree = /^F\d/.test(key) || held.some((name) => name !== 'Shift');
  return isFree && held.length === modifiers.length ? [...held, key].join('+') : undefined;
}

function keyOf(key: string): string | undefined {
  if (/^[a-z0-9]$/.test(key) || /^f([1-9]|1\d|2[0-4])$/.test(key)) return key.toUpperCase();
  return key === 'space' || key === 'leertaste' ? 'Space' : undefined;
}
