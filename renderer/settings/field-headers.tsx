// A setting that is a table of headers: each name with dots for its value and a way to remove it, and a line to add one, or to
// give a new value to one that is there. Values that are kept never come to this page.
import type { JSX } from 'preact';
import { parseField } from '../../backend/contract/config/config.ts';
import { HIDDEN } from '../../backend/contract/secret.ts';
import type { ControlProps } from './control-props.ts';
import { notAdded } from './form.ts';
import { DOTS } from '../parts/words.ts';
import { NamedLineRow, useNamedLine } from './named-line.tsx';
import { RemoveButton } from './remove-button.tsx';
import { t } from '../../words/texts.ts';

export function HeadersControl({
  field,
  view,
  id,
  describedBy,
  locked,
  wrong,
  save,
  refuse,
}: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const now = (view.settings.values[field.path] ?? {}) as Readonly<Record<string, string>>;
  const line = useNamedLine();
  const without = (gone: string): Record<string, string> =>
    Object.fromEntries(Object.entries(now).filter(([each]) => each.toLowerCase() !== gone.toLowerCase()));
  const add = async (): Promise<void> => {
    const { value } = line;
    const header = line.name.trim();
    if (header === '' && value === '') return;
    if (parseField(field.path, { [header]: value }) === undefined) refuse(notAdded(header, field));
    else if (await save({ ...without(header), [header]: value })) line.fill('', '');
  };
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {Object.entries(now).map(([each, kept]) => (
        <li key={each}>
          <code>
            {each}: {kept === HIDDEN ? DOTS : kept}
          </code>
          {!locked && <RemoveButton name={each} remove={() => void save(without(each))} />}
        </li>
      ))}
      {!locked && (
        <NamedLineRow
          field={field}
          wrong={wrong}
          line={line}
          item={t('settings.header')}
          value={{
            secret: true,
            label: t('settings.header_value_of', { title: field.title }),
            placeholder: t('settings.header_value'),
          }}
          add={add}
        />
      )}
    </ul>
  );
}
