// The setting queue.rules as a table: the rules of the file, in their order and with a way to remove each, then those that
// Hearth brings, then what holds where none does. They are written in the file.
import type { JSX } from 'preact';
import type { QueueRule } from '../../backend/contract/rules/queue-rule.ts';
import { SHIPPED_RULES } from '../../backend/contract/rules/shipped-rules.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';
import type { ControlProps } from './control-props.ts';
import { thenWords, whenParts } from './rule-words.ts';
import { RemoveButton } from './remove-button.tsx';
import { t } from '../../words/texts.ts';

export function RulesControl({ field, view, id, describedBy, locked, save }: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const own = (view.settings.values[field.path] ?? []) as readonly QueueRule[];
  const rows = [
    ...own.map((rule, i) => ({ rule, name: rule.name ?? `queue.rules[${i}]`, at: i })),
    ...SHIPPED_RULES.map((rule) => ({ rule, name: rule.name ?? '', at: undefined })),
  ];
  return (
    <table class="rules" aria-labelledby={id} aria-describedby={describedBy}>
      <thead>
        <tr>
          <th scope="col">{t('settings.rules.requests')}</th>
          <th scope="col">{t('settings.rules.become')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ rule, name, at }) => (
          <tr key={`${at ?? 'shipped'} ${JSON.stringify(rule)}`}>
            <th scope="row">
              {name}
              <span class="quiet">{whenParts(rule).join(' · ')}</span>
            </th>
            <td>
              {thenWords(rule)}
              {at !== undefined && !locked && (
                <RemoveButton name={name} remove={() => void save(own.filter((_, i) => i !== at))} />
              )}
            </td>
          </tr>
        ))}
        <tr>
          <th scope="row">
            {t('settings.rules.others')}
            <span class="quiet">{t('settings.rules.others_are')}</span>
          </th>
          <td>{t('settings.rules.either', { one: CLASS_WORDS.interactive, other: CLASS_WORDS.normal })}</td>
        </tr>
      </tbody>
    </table>
  );
}
