// The row at the end of what concerns the app itself: the way to its log and its version.
import type { JSX } from 'preact';
import { PageLink } from '../parts/page-link.tsx';
import { t } from '../../words/texts.ts';

export function AboutRow({ version }: { readonly version: string }): JSX.Element {
  return (
    <div class="row-act">
      <p>{t('about.row', { version })}</p>
      <PageLink to="about" look="btn">
        {t('about.open')}
      </PageLink>
    </div>
  );
}
