import styles from './kbd.module.css';

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
