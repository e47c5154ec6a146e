import { useEffect, useRef } from 'react';

export interface ShortcutHandlers {
  readonly onHelp: () => void;
  readonly onPalette: () => void;
  /** `g`, then this letter. */
  readonly onGo: (key: string) => void;
}

const SEQUENCE_MS = 1_200;

/** `?`, ⌘K or Ctrl+K, `g` and a letter, and `/` for the filter of the page (an element with data-filter). */
export function useShortcuts(handlers: ShortcutHandlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let pressedG = 0;
    const listen = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        latest.current.onPalette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      if (Date.now() - pressedG < SEQUENCE_MS) {
        pressedG = 0;
        latest.current.onGo(event.key);
      } else if (event.key === 'g') pressedG = Date.now();
      else if (event.key === '?') latest.current.onHelp();
      else if (event.key === '/') {
        const filter = document.querySelector<HTMLElement>('[data-filter]');
        if (filter !== null) {
          event.preventDefault();
          filter.focus();
        }
      }
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}
