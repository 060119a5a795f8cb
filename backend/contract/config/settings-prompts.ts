// The settings of what is kept stable in prompts. Declarations only; config.ts joins all sections.
import { z } from 'zod';
import { PINS, pinRulesSchema } from '../rules/pin-rule.ts';
import { field, flag, section, table } from './config-field.ts';

const MOST_APPS = 100;
const oneOf = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ');
const ALLOWED = `a table of at most ${MOST_APPS} names of apps, or "*" for all others, each with any of billing_line: ${oneOf(PINS.billing_line)}, clock: ${oneOf(PINS.clock)}, as in {"Claude Code": {"billing_line": "pin"}}`;

export const prompts = section('Prompts', {
  keep_stable: field(flag(), {
    title: 'Keep prompts the same',
    brief: 'For apps that you chose below. Off: every prompt goes on as it was sent.',
    hint: 'Keeps spans that change without need the same, for the apps in prompts.apps and no others, so that the model reads less again. Off: every prompt goes on as it was sent, and nothing is offered.',
    default: true,
    applies: 'live',
  }),
  apps: field(table(pinRulesSchema, z.string().min(1).max(200), MOST_APPS, { allowed: ALLOWED, item: 'an app' }), {
    title: 'Kept the same, by app',
    brief: 'What is kept the same in the prompts of each app. Empty: nothing.',
    hint: 'What is kept the same in the prompts of each app, by its name in the window. billing_line "pin": the check digits with which Claude Code begins. clock "to_end": a clock in the instructions goes to the end of the last message; "to_day": only its day stays. "as_sent": nothing, and it is not offered again. docs/prompt-reuse.md says more.',
    default: {},
    applies: 'live',
  }),
});
