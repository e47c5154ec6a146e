import styles from './kbd.module.css';

/** The key that is held for commands, as this keyboard calls it. */
export const COMMAND_KEY = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';

/** Keys to press one after the other, or together. */
export function Keys(props: { keys: readonly string[] }) {
  return (
    <span className={styles.keys}>
      {props.keys.map((key) => (
        <kbd key={key} className={styles.key}>
          {key}
        </kbd>
      ))}
    </span>
  );
}
