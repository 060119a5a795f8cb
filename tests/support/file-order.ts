// In which order the test files run: what waits or starts much first, and the many small files last, so that no file runs
// alone at the end while a core has nothing to do.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The gateway's come last: most of them are small. */
const PROJECTS = ['desktop', 'page', 'gateway'];

/** What takes longest, the longest first. Their size does not tell it, and a new clone has no times of an earlier run. */
export const LONGEST: readonly string[] = [
  'tests/desktop/manners.test.ts',
  'tests/desktop/panel.test.ts',
  'tests/page/every-state.test.ts',
  'tests/page/accented.test.ts',
  'tests/page/requests.test.ts',
  'tests/page/nothing-jumps.test.ts',
  'tests/page/log-and-about.test.ts',
  'tests/page/connect.test.ts',
  'tests/page/keyboard.test.ts',
  'tests/page/kept-focus.test.ts',
  'tests/page/models.test.ts',
  'tests/page/plots.test.ts',
  'tests/page/foreign-origin.test.ts',
  'tests/behaviour/faults.test.ts',
  'tests/behaviour/wire/memory.test.ts',
  'tests/clients/apps-page.test.ts',
  'tests/behaviour/soak.test.ts',
  'tests/behaviour/host/cli.test.ts',
  'tests/behaviour/cluster/fleet-jobs.test.ts',
  'tests/behaviour/cluster/shared-flights.test.ts',
  'tests/behaviour/cluster/shared-answers.test.ts',
  'tests/behaviour/cluster/valkey-failover.test.ts',
  'tests/documents.test.ts',
  'tests/behaviour/upstream/ollama-key.test.ts',
  'tests/behaviour/wire/deep-bodies.test.ts',
  'tests/behaviour/wire/request-body.test.ts',
  'tests/behaviour/cluster/link.test.ts',
  'tests/behaviour/fleet-failover.test.ts',
  'tests/behaviour/queue/class-of-request.test.ts',
  'tests/behaviour/host/log-trouble.test.ts',
  'tests/behaviour/queue/title-before-chat.test.ts',
  'tests/behaviour/recordings/example-project.test.ts',
];

/** By project, and in each the longest first; lower goes first. */
export function rankOf(project: string, path: string): readonly [number, number] {
  const at = LONGEST.findIndex((name) => path.endsWith(name));
  return [PROJECTS.indexOf(project), at < 0 ? LONGEST.length : at];
}

// oxlint-disable-next-line import/no-default-export -- vitest is given the class by the configuration
export default class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's: vitest's own order, kept among files of one rank
    const usual = await super.sort(files);
    const ranked = usual.map((file) => ({ file, rank: rankOf(file.project.name, file.moduleId) }));
    return ranked.toSorted(({ rank: a }, { rank: b }) => a[0] - b[0] || a[1] - b[1]).map(({ file }) => file);
  }
}
