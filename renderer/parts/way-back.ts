// The way back from a page that stands in the place of another one, by the keyboard and the mouse.
import { useEffect, useRef } from 'preact/hooks';

/** Goes back by Escape, and what a mouse or a browser has for "back", while the calling component is mounted. */
export function useWayBack(back: () => void): void {
  const way = useRef(back);
  way.current = back;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isBack = event.key === 'BrowserBack' || (event.key === 'ArrowLeft' && event.altKey && !event.ctrlKey);
      // In a search Escape empties it first.
      const leaves = event.key === 'Escape' && !(event.target instanceof HTMLInputElement);
      if (!isBack && !leaves) return;
      event.preventDefault();
      way.current();
    };
    const onMouseUp = (event: MouseEvent): void => {
      if (event.button === 3) way.current();
    };
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('mouseup', onMouseUp);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('mouseup', onMouseUp);
    };
  }, []);
}
