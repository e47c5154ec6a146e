import type { Endpoint } from '@switchyard/contracts';
import { useState } from 'react';
import { useCheckPolicyQuery, useListEndpointsQuery, usePutEndpointMutation } from '../api/api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Select, TextInput } from '../ui/field.tsx';
import { QueryView, SkeletonRows } from '../ui/query-view.tsx';
import { Changes } from './changes.tsx';
import styles from './dialogs.module.css';
import { usesModel, withModelVersion } from './policy-change.ts';
import { PublishFailure } from './publish-failure.tsx';
import { useInsistence } from './use-insistence.ts';
import { useUndoable } from './use-undoable.tsx';
import { useAuthor, WhoAndWhy } from './who-and-why.tsx';

const NEW = ' new';

/** Puts a version of a model behind an endpoint, after showing what that changes. */
export function DeployDialog(props: { model: string; version: string; onClose: () => void }) {
  const endpoints = useListEndpointsQuery();
  return (
    <Dialog opened onClose={props.onClose} title={`Deploy ${props.model} v${props.version}`} width={600}>
      <QueryView query={endpoints} skeleton={<SkeletonRows rows={4} inset />}>
        {(list) => (
          <DeployForm
            {...props}
            endpoints={list.items.filter((one) => usesModel(one.live.policy, props.model))}
            taken={list.items}
          />
        )}
      </QueryView>
    </Dialog>
  );
}

function DeployForm(props: {
  model: string;
  version: string;
  endpoints: readonly Endpoint[];
  taken: readonly Endpoint[];
  onClose: () => void;
}) {
  const { model, version, endpoints } = props;
  const [choice, setChoice] = useState(endpoints[0]?.name ?? NEW);
  const [newName, setNewName] = useState(model);
  const [note, setNote] = useState('');
  const author = useAuthor();
  const [publish, publishing] = usePutEndpointMutation();
  const said = useUndoable();
  const existing = endpoints.find((one) => one.name === choice);
  const name = existing?.name ?? newName.trim();
  const isTaken = existing === undefined && props.taken.some((one) => one.name === name);
  const policy =
    existing === undefined
      ? ({ kind: 'model', model, version } as const)
      : withModelVersion(existing.live.policy, model, version);
  const body = { policy, baseRevision: existing?.live.revision ?? 0 };
  const check = useCheckPolicyQuery({ params: { endpoint: name }, body }, { skip: name === '' || isTaken });
  // What was said of one endpoint is not insisted on at another.
  const error = publishing.originalArgs?.params.endpoint === name ? publishing.error : undefined;
  const insistence = useInsistence(error);
  const deploy = async () => {
    const result = await publish({
      params: { endpoint: name },
      body: {
        ...body,
        note: note.trim() === '' ? `Deploy ${model} v${version}` : note.trim(),
        author,
        ...(insistence.isGiven ? { force: true } : {}),
      },
    });
    if (result.data === undefined) return;
    said(result.data, existing?.live.revision ?? null, `${model} v${version} is deployed to ${name}.`);
    props.onClose();
  };
  return (
    <div className={styles.form}>
      {endpoints.length > 0 && (
        <Select
          label="Endpoint"
          value={choice}
          onChange={(event) => setChoice(event.target.value)}
          options={[
            ...endpoints.map((one) => ({ value: one.name, label: `${one.name}, which uses ${model} now` })),
            { value: NEW, label: 'A new endpoint…' },
          ]}
        />
      )}
      {existing === undefined && (
        <TextInput
          label="Name of the new endpoint"
          value={newName}
          onChange={(event) => setNewName(event.target.value)}
          error={
            isTaken
              ? `There is an endpoint ${name} already. It does not use ${model}; change its policy instead.`
              : undefined
          }
          hint={`Clients call POST /v1/models/${name === '' ? '…' : name}:predict`}
        />
      )}
      {name !== '' && !isTaken && (
        <section aria-label="What will change">
          <h3 className={styles.heading}>What will change</h3>
          <Changes endpoint={name} isNew={existing === undefined} check={check} />
        </section>
      )}
      <WhoAndWhy note={note} onNote={setNote} placeholder={`Deploy ${model} v${version}`} />
      <PublishFailure error={error} insistence={insistence} />
      <div className={styles.footer}>
        <Button kind="quiet" onClick={props.onClose}>
          Cancel
        </Button>
        <Button
          kind={insistence.isOffered ? 'danger' : 'primary'}
          busy={publishing.isLoading}
          disabled={
            check.data?.valid !== true ||
            check.isFetching ||
            check.data.changes.length === 0 ||
            isTaken ||
            (insistence.isOffered && !insistence.isGiven)
          }
          onClick={() => void deploy()}
        >
          {insistence.isOffered ? 'Deploy all the same' : 'Deploy'}
        </Button>
      </div>
    </div>
  );
}
