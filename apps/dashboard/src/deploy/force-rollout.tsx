import type { Endpoint } from '@switchyard/contracts';
import { useState } from 'react';
import { usePutEndpointMutation } from '../api/api.ts';
import { isApiError } from '../api/api-error.ts';
import { publishedOf } from '../policy/document.ts';
import { Button } from '../ui/button.tsx';
import styles from './dialogs.module.css';
import { useUndoable } from './use-undoable.tsx';
import { useAuthor } from './who-and-why.tsx';

/** Gateways keep the revision before, because of requests that the live one cannot answer: to have it served all the same. */
export function ForceRollout(props: { endpoint: Endpoint }) {
  const { name, live, previousRevision } = props.endpoint;
  const [agreed, setAgreed] = useState(false);
  const author = useAuthor();
  const [publish, publishing] = usePutEndpointMutation();
  const said = useUndoable();
  const send = async () => {
    const result = await publish({
      params: { endpoint: name },
      body: {
        ...(publishedOf({ policy: live.policy, settings: live.settings }) as { policy: typeof live.policy }),
        baseRevision: live.revision,
        note: `Revision ${live.revision}, whatever its rehearsal said`,
        author,
        force: true,
      },
    });
    if (result.data !== undefined) said(result.data, previousRevision, `${name} serves revision ${live.revision}.`);
  };
  return (
    <div className={styles.refused}>
      <p>
        Roll back, or change the policy or the version. If it is served all the same, such requests fail within seconds,
        gateways do not try it again, and the history says that it was forced.
      </p>
      <label className={styles.insist}>
        <input type="checkbox" checked={agreed} onChange={({ target }) => setAgreed(target.checked)} />
        Let these requests fail from now on
      </label>
      {isApiError(publishing.error) && (
        <p role="alert">
          {publishing.error.detail} <code>{publishing.error.code}</code>
        </p>
      )}
      <div>
        <Button kind="danger" size="small" busy={publishing.isLoading} disabled={!agreed} onClick={() => void send()}>
          Serve it all the same
        </Button>
      </div>
    </div>
  );
}
