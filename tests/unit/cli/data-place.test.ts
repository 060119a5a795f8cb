// Which folder the headless gateway keeps its data in.
import { expect, test } from 'vitest';
import { dataPlace } from '../../../backend/cli/data-place.ts';

// The paths are joined as the system that runs the test does it.
test.skipIf(process.platform === 'win32').each([
  [{ HEARTH_DATA_DIR: '/data', STATE_DIRECTORY: '/var/lib/x' }, 'linux', '/data'],
  [{ HEARTH_DATA_DIR: '', STATE_DIRECTORY: '/var/lib/hearth:/var/lib/more' }, 'linux', '/var/lib/hearth'],
  [{ XDG_DATA_HOME: '/h/data' }, 'linux', '/h/data/hearth-gateway'],
  [{ XDG_DATA_HOME: 'data' }, 'linux', '/h/.local/share/hearth-gateway'],
  [{}, 'darwin', '/h/Library/Application Support/hearth-gateway'],
  [{ LOCALAPPDATA: '/l' }, 'win32', '/l/hearth-gateway'],
] as const)('%j on %s: %s', (env, platform, folder) => {
  expect(dataPlace(env, platform, '/h')).toBe(folder);
});
