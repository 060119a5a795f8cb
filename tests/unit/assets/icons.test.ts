// The pictures of the app: never stale, each drawn at its own size, the states apart also without colour.
import { Resvg } from '@resvg/resvg-js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allIcons, GROUNDS, STATES, TRAY_SIZES } from '../../../assets/icon-plan.ts';

const assets = join(import.meta.dirname, '..', '..', '..', 'assets');
const files = allIcons(join(assets, 'svg'));

test('assets/icons is what the sources give today', () => {
  const there = readdirSync(join(assets, 'icons'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.\w+$/.test(name),
  );
  expect(there.toSorted()).toEqual(files.map(({ path }) => path).toSorted());
  for (const { path, bytes } of files) {
    expect(readFileSync(join(assets, 'icons', path)).equals(bytes), `${path} is stale; run npm run icons`).toBe(true);
  }
});

test('every PNG has the size in its name', () => {
  for (const { path, bytes } of files) {
    const size = /-(\d+)\.png$/.exec(path)?.[1] ?? (path.includes('@2x') ? '32' : path.endsWith('.png') ? '16' : '');
    if (size === '') continue;
    // PNG (RFC 2083): the width stands at byte 16, the height at 20.
    expect({ path, width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }).toEqual({
      path,
      width: Number(size),
      height: Number(size),
    });
  }
});

describe('the tray', () => {
  /** How light the panels are that each kind is made for. */
  const panels = { 'on-any': [24, 244], 'on-dark': [24], 'on-light': [244] } as const;
  const cases = GROUNDS.flatMap((ground) =>
    panels[ground].flatMap((panel) => TRAY_SIZES.map((size) => [ground, panel, size] as const)),
  );
  test.each(cases)(
    '%s on a panel of grey %i at %i px: the four states differ without colour',
    (ground, panel, size) => {
      const greys = STATES.map((state) => grey(`tray-${state}-${ground}`, size, panel));
      for (const [i, a] of greys.entries()) {
        for (const b of greys.slice(i + 1)) {
          const apart = a.filter((value, at) => Math.abs(value - (b[at] ?? 0)) > 48).length;
          expect(apart).toBeGreaterThan(a.length * 0.02);
        }
      }
    },
  );
});

/** How light each pixel is on a ground of one grey, 0 to 255. */
function grey(name: string, size: number, ground: number): number[] {
  const svg = readFileSync(join(assets, 'svg', `${name}.svg`), 'utf8');
  const { pixels } = new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render();
  return Array.from({ length: size * size }, (_, i) => {
    const [r = 0, g = 0, b = 0, alpha = 0] = pixels.subarray(i * 4, i * 4 + 4);
    return (0.299 * r + 0.587 * g + 0.114 * b) * (alpha / 255) + ground * (1 - alpha / 255);
  });
}

test('icon.ico holds the sizes that Windows looks for, as PNG', () => {
  const bytes = readFileSync(join(assets, 'icons', 'icon.ico'));
  const count = bytes.readUInt16LE(4);
  const sizes = Array.from({ length: count }, (_, i) => {
    const at = 6 + 16 * i;
    const png = bytes.subarray(bytes.readUInt32LE(at + 12), bytes.readUInt32LE(at + 12) + bytes.readUInt32LE(at + 8));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(bytes.readUInt8(at) || 256);
    return png.readUInt32BE(16);
  });
  expect(sizes).toEqual([16, 20, 24, 32, 40, 48, 64, 128, 256]);
});

test('icon.icns holds entries up to 1024 px, and its lengths add up', () => {
  const bytes = readFileSync(join(assets, 'icons', 'icon.icns'));
  expect(bytes.readUInt32BE(4)).toBe(bytes.length);
  const sizes: number[] = [];
  for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at + 4)) sizes.push(bytes.readUInt32BE(at + 8 + 16));
  expect(Math.max(...sizes)).toBe(1024);
});
