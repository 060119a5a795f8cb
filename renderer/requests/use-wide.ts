// Whether the window is wide enough for two columns (parts/wide.css).
import { useEffect, useState } from 'preact/hooks';

const WIDE = '(min-width: 56.25rem)';

export function useWide(): boolean {
  const [isWide, setIsWide] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const query = matchMedia(WIDE);
    const changed = (): void => setIsWide(query.matches);
    changed();
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return isWide;
}
