// The promise of the page "Connect an app": what an app sends is seen as soon as it comes, and known after a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

test('apps are seen by what they send, and after a restart', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'hearth-apps-'));
  const fake = await startFakeOllama();
  const start = (): Promise<Hearth> => startHearth({ inFrontOf: fake, dataFolder });
  let hearth = await start();
  const seen = (): string[] =>
    hearth.backend.control.requests.apps().map(({ id, through }) => `${id} ${through ?? ''}`.trim());
  try {
    expect(seen()).toEqual([]);
    const agent = (name: string) => ({ headers: { 'user-agent': name } });
    const messages = [{ role: 'user', content: '### Task:\nGenerate a concise, 3-5 word title with an emoji.' }];
    const began = Date.now();
    await (await hearth.chat('Hello', {}, agent('claude-cli/2.1.197 (external, cli)'))).text();
    await (await hearth.post('/api/chat', { model: 'llama3.2', stream: false, messages }, agent('Python/3.11 aiohttp/3.14.5'))).text(); // prettier-ignore
    await (await hearth.chat('Again', {}, agent('litellm/1.81.10'))).text();
    const all = ['open-webui', 'claude-code', 'aider litellm'];
    expect(seen()).toEqual(all);
    for (const { at } of hearth.backend.control.requests.apps())
      expect(Date.parse(at)).toBeGreaterThanOrEqual(began - 1);
    await hearth.stop();
    hearth = await start();
    expect(seen()).toEqual(all);
  } finally {
    await hearth.stop();
    await fake.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
});
