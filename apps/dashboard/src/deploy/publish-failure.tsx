import { isApiError } from '../api/api-error.ts';
import styles from './dialogs.module.css';

/** Control found that requests which are answered now would not be: whoever publishes may insist. */
export function isClientsRefused(error: unknown): boolean {
  return isApiError(error) && error.code === 'clients_refused';
}

/** Why something was not published; of requests that would be refused, which features it is about. */
export function PublishFailure({ error }: { error: unknown }) {
  if (!isApiError(error)) return null;
  if (!isClientsRefused(error)) {
    return (
      <p className={styles.error} role="alert">
        {error.code === 'revision_conflict'
          ? 'Somebody published meanwhile. The changes above are now against that revision; look again.'
          : error.detail}{' '}
        <code>{error.code}</code>
      </p>
    );
  }
  return (
    <div className={styles.error} role="alert">
      <p>
        Clients send requests that this would refuse. Change the version or its defaults, have clients changed first, or
        publish it all the same; the history will say so. <code>{error.code}</code>
      </p>
      <ul className={styles.reasons}>
        {error.fields.map(({ detail }) => (
          <li key={detail}>{detail}</li>
        ))}
      </ul>
    </div>
  );
}
