import { isApiError } from '../api/api-error.ts';
import styles from './dialogs.module.css';
import type { Insistence } from './use-insistence.ts';

/** Why something was not published. What clients send and this would refuse may be overruled here. */
export function PublishFailure(props: { error: unknown; insistence: Insistence }) {
  const { error, insistence } = props;
  if (!isApiError(error)) return null;
  if (!insistence.isOffered) {
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
    <div className={styles.refused}>
      <div role="alert">
        <p>
          Not published: clients send requests that this would refuse. <code>{error.code}</code>
        </p>
        <ul className={styles.reasons}>
          {error.fields.map(({ detail }) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      </div>
      <p>
        Change the version or its defaults, or have clients changed first. If it is published all the same, such
        requests get an error within seconds, gateways do not try it on recent requests before they take it over, and
        the history says that it was forced.
      </p>
      <label className={styles.insist}>
        <input
          type="checkbox"
          checked={insistence.isGiven}
          onChange={({ target }) => insistence.give(target.checked)}
        />
        Refuse these requests from now on
      </label>
    </div>
  );
}
