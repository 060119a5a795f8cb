// The names of the groups beside the settings form, where the window is wide enough for them: each leads to its group and
// says how many of its fields are to be corrected. The one at the top of the form is the current one.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { groupId, toCorrect, type Group } from './settings-groups.ts';
import { t } from '../../words/texts.ts';

interface RailProps {
  readonly groups: readonly Group[];
  /** The settings with a value that is not allowed, by their dotted paths. */
  readonly wrong: ReadonlySet<string>;
}

export function SettingsRail({ groups, wrong }: RailProps): JSX.Element {
  const current = useTopmost(groups.map(groupId));
  return (
    <nav class="rail" aria-label={t('settings.groups.label')}>
      {groups.map((group) => {
        const id = groupId(group);
        const times = toCorrect(group, wrong);
        return (
          <a key={id} href={`#${id}`} aria-current={id === current ? 'true' : undefined}>
            {t(`settings.groups.${group.name}`)} {times > 0 && <span>{t('settings.to_correct', { n: times })}</span>}
          </a>
        );
      })}
    </nav>
  );
}

/** Which of these groups reaches over the upper edge of what scrolls them; the first before any does. */
function useTopmost(ids: readonly string[]): string | undefined {
  const [inSight, setInSight] = useState<ReadonlySet<string>>(new Set());
  const shown = ids.join(' ');
  useEffect(() => {
    // A strip of the scrolled area at its upper edge.
    const options = { root: document.querySelector('.scroll'), rootMargin: '0px 0px -98% 0px' };
    const observer = new IntersectionObserver((changes) => {
      setInSight((before) => {
        const after = new Set(before);
        for (const { target, isIntersecting } of changes) {
          if (isIntersecting) after.add(target.id);
          else after.delete(target.id);
        }
        return after;
      });
    }, options);
    for (const group of document.querySelectorAll('.group')) observer.observe(group);
    return () => observer.disconnect();
    // A search shows others.
  }, [shown]);
  return ids.findLast((id) => inSight.has(id)) ?? ids[0];
}
