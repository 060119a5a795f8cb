// The settings of files for batches, and of the batches that run their lines.
import { amount, field, section, whole } from './config-field.ts';

export const files = section('Files for batches', {
  max_file_mb: field(amount(0.1, 65_536), {
    title: 'Largest file',
    hint: 'A file above this is refused with too_large.',
    default: 200,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  max_total_mb: field(amount(1, 1_048_576), {
    title: 'All files, at most',
    hint: 'Disk space for the files that were handed in and those that batches write. Past it new ones are refused with files_full, and batches end. While nothing is written to the disk, server.max_inflight_mb holds too.',
    default: 2048,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  max_count: field(whole(3, 100_000), {
    title: 'Files, at most',
    hint: 'How many files are kept, and how many batches are remembered. Each batch has two files besides its input.',
    default: 1000,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  max_lines: field(whole(1, 1_000_000), {
    title: 'Lines of a batch, at most',
    hint: 'A batch whose file has more fails.',
    default: 50_000,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  lines_at_once: field(whole(1, 1000), {
    title: 'Lines in the queue at once',
    hint: 'Most lines of batches that wait or run at the same time, and never more than half of what may wait; of those that write two for each answer at the same time, and two more. The others wait in their files. Batches take turns.',
    default: 16,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  keep_days: field(whole(1, 3650), {
    title: 'Keep files for',
    hint: 'The clock starts when a file was handed in, or its batch has ended. Whoever hands it in may ask for less.',
    default: 30,
    unit: 'days',
    applies: 'live',
    advanced: true,
  }),
});
