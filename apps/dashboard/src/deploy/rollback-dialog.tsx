import type { Endpoint, EndpointRevision } from '@switchyard/contracts';
import { useState } from 'react';
import { useCheckPolicyQuery, useListRevisionsQuery, useRollbackEndpointMutation } from '../api/api.ts';
import { formatInstant } from '../format/format.ts';
import { useTimeRange } from '../time/use-time-range.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Select } from '../ui/field.tsx';
import { QueryView, SkeletonRows } from '../ui/query-view.tsx';
import { Changes } from './changes.tsx';
import styles from './dialogs.module.css';
import { PublishFailure } from './publish-failure.tsx';
import { useInsistence } from './use-insistence.ts';
import { useUndoable } from './use-undoable.tsx';
import { useAuthor, WhoAndWhy } from './who-and-why.tsx';

/** Publishes an earlier revision again, after showing what that changes. The one before the live one unless another is given. */
export function RollbackDialog(props: { endpoint: Endpoint; revision?: number | undefined; onClose: () => void }) {
  const revisions = useListRevisionsQuery({ params: { endpoint: props.endpoint.name } });
  return (
    <Dialog opened onClose={props.onClose} title={`Roll back ${props.endpoint.name}`} width={600}>
      <QueryView query={revisions} skeleton={<SkeletonRows rows={4} inset />}>
        {(list) => (
          <RollbackForm
            {...props}
            revisions={list.items.filter((one) => one.revision !== props.endpoint.live.revision)}
          />
        )}
      </QueryView>
    </Dialog>
  );
}

function RollbackForm(props: {
  endpoint: Endpoint;
  revision?: number | undefined;
  revisions: readonly EndpointRevision[];
  onClose: () => void;
}) {
  const { endpoint, revisions } = props;
  const { zone } = useTimeRange();
  const [chosen, setChosen] = useState(props.revision ?? endpoint.previousRevision ?? revisions[0]?.revision);
  const [note, setNote] = useState('');
  const author = useAuthor();
  const [rollback, rolling] = useRollbackEndpointMutation();
  const said = useUndoable();
  const target = revisions.find((one) => one.revision === chosen);
  const check = useCheckPolicyQuery(
    {
      params: { endpoint: endpoint.name },
      body: {
        policy: target?.policy ?? endpoint.live.policy,
        // What that revision did not have is not kept either.
        settings: target && { cache: null, ...target.settings },
        baseRevision: endpoint.live.revision,
      },
    },
    { skip: target === undefined },
  );
  // What was said of one revision is not insisted on for another.
  const error = rolling.originalArgs?.body.revision === target?.revision ? rolling.error : undefined;
  const insistence = useInsistence(error);
  if (target === undefined) return <p>There is no earlier revision to go back to.</p>;
  const publish = async () => {
    const result = await rollback({
      params: { endpoint: endpoint.name },
      body: { revision: target.revision, note: note.trim(), author, ...(insistence.isGiven ? { force: true } : {}) },
    });
    if (result.data === undefined) return;
    said(result.data, endpoint.live.revision, `${endpoint.name} serves what revision ${target.revision} did.`);
    props.onClose();
  };
  return (
    <div className={styles.form}>
      <Select
        label="Back to"
        value={String(chosen)}
        onChange={(event) => setChosen(Number(event.target.value))}
        options={revisions.map((one) => ({
          value: String(one.revision),
          label: `Revision ${one.revision}, ${formatInstant(one.createdAt, zone)}${one.note === '' ? '' : `: ${one.note}`}`,
        }))}
      />
      <section aria-label="What will change">
        <h3 className={styles.heading}>What will change</h3>
        <Changes endpoint={endpoint.name} isNew={false} check={check} />
      </section>
      <p className={styles.note}>
        The rollback is published as revision {endpoint.live.revision + 1}; nothing of the history is lost.
      </p>
      <WhoAndWhy note={note} onNote={setNote} />
      <PublishFailure error={error} insistence={insistence} />
      <div className={styles.footer}>
        <Button kind="quiet" onClick={props.onClose}>
          Cancel
        </Button>
        <Button
          kind={insistence.isOffered ? 'danger' : 'primary'}
          busy={rolling.isLoading}
          disabled={
            check.data?.valid !== true ||
            check.isFetching ||
            check.data.changes.length === 0 ||
            (insistence.isOffered && !insistence.isGiven)
          }
          onClick={() => void publish()}
        >
          {insistence.isOffered ? 'Roll back all the same' : 'Roll back'}
        </Button>
      </div>
    </div>
  );
}
