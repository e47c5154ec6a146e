import type { Task } from '@switchyard/contracts';
import { type FormEvent, useState } from 'react';
import { useCreateModelMutation } from '../../api/api.ts';
import { isApiError } from '../../api/api-error.ts';
import styles from '../../deploy/dialogs.module.css';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Select, TextArea, TextInput } from '../../ui/field.tsx';

const TASKS: readonly { value: Task; label: string }[] = [
  { value: 'binary', label: 'Binary classification: one of two labels' },
  { value: 'multiclass', label: 'Multiclass classification: one of several labels' },
  { value: 'regression', label: 'Regression: a number' },
  { value: 'ranking', label: 'Ranking: a number to sort by' },
];

export function CreateModelDialog(props: { onClose: () => void; onCreated: (model: string) => void }) {
  const [name, setName] = useState('');
  const [task, setTask] = useState<Task>('binary');
  const [description, setDescription] = useState('');
  const [create, creating] = useCreateModelMutation();
  const error = isApiError(creating.error) ? creating.error : undefined;
  const nameError =
    error?.fields.find((field) => field.field === 'name')?.detail ??
    (error?.code === 'already_exists' ? error.detail : undefined);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const result = await create({ body: { name: name.trim(), task, ...(description === '' ? {} : { description }) } });
    if (result.data !== undefined) props.onCreated(result.data.name);
  };
  return (
    <Dialog opened onClose={props.onClose} title="Create a model">
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={nameError}
          hint="a-z, 0-9, dot, dash and underscore"
          required
          data-autofocus
        />
        <Select label="Task" value={task} onChange={(event) => setTask(event.target.value as Task)} options={TASKS} />
        <TextArea
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.target.value)}
          placeholder="What it decides, and for whom"
        />
        {error !== undefined && nameError === undefined && (
          <p className={styles.error} role="alert">
            {error.detail} <code>{error.code}</code>
          </p>
        )}
        <div className={styles.footer}>
          <Button kind="quiet" onClick={props.onClose}>
            Cancel
          </Button>
          <Button kind="primary" type="submit" busy={creating.isLoading} disabled={name.trim() === ''}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
