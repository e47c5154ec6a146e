import type { Model, ModelVersion } from '@switchyard/contracts';
import { FileUp } from 'lucide-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { api } from '../../api/api.ts';
import type { ApiError } from '../../api/api-error.ts';
import { useAppDispatch } from '../../api/store.ts';
import { uploadVersion } from '../../api/upload-version.ts';
import dialogs from '../../deploy/dialogs.module.css';
import { formatBytes, formatPercent } from '../../format/format.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextArea, TextInput } from '../../ui/field.tsx';
import styles from './upload-dialog.module.css';
import { EMPTY_VERSION_FORM, type VersionForm, versionSpec } from './version-spec.ts';

/** Sends a new version; the server reads the signature from the file and refuses what cannot be served, with the reason. */
export function UploadDialog(props: {
  model: Model;
  onClose: () => void;
  onUploaded: (version: ModelVersion) => void;
}) {
  const dispatch = useAppDispatch();
  const [file, setFile] = useState<File | null>(null);
  const [form, setForm] = useState<VersionForm>(EMPTY_VERSION_FORM);
  const [progress, setProgress] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const fieldError = (...names: string[]) =>
    error?.fields.find((field) => names.some((name) => field.field === name || field.field.startsWith(`${name}.`)))
      ?.detail;
  const set = (name: keyof VersionForm) => (event: { target: { value: string } }) =>
    setForm((before) => ({ ...before, [name]: event.target.value }));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (file === null) return;
    setError(null);
    setProgress(0);
    abort.current = new AbortController();
    const result = await uploadVersion({
      model: props.model.name,
      spec: versionSpec(form, props.model.latestVersion),
      file,
      onProgress: setProgress,
      signal: abort.current.signal,
    });
    setProgress(null);
    if (!result.ok) return setError(result.error);
    dispatch(api.util.invalidateTags(['Model', 'Version']));
    props.onUploaded(result.version);
  };
  const close = () => {
    abort.current?.abort();
    props.onClose();
  };
  return (
    <Dialog opened onClose={close} title={`Upload a version of ${props.model.name}`}>
      <form className={dialogs.form} onSubmit={(event) => void submit(event)}>
        <label
          className={styles.drop}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            setFile(event.dataTransfer.files[0] ?? null);
          }}
        >
          <FileUp size={18} aria-hidden="true" />
          {file === null ? (
            <span>Choose an ONNX file, or drop it here</span>
          ) : (
            <span>
              <b>{file.name}</b> {formatBytes(file.size)}
            </span>
          )}
          <input
            type="file"
            className="visually-hidden"
            accept=".onnx"
            aria-label="ONNX file"
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
        </label>
        <TextArea
          label="Feature names, in the order of the columns"
          value={form.features}
          onChange={set('features')}
          error={fieldError('spec.features', 'features')}
          hint="Needed when the file has one input tensor without names. Separated by commas or lines."
        />
        <div className={dialogs.columns}>
          <TextInput
            label="Labels"
            value={form.labels}
            onChange={set('labels')}
            placeholder="from the file"
            error={fieldError('spec.labels', 'labels')}
          />
          <TextInput
            label="Positive label"
            value={form.positiveLabel}
            onChange={set('positiveLabel')}
            placeholder="the last one"
            error={fieldError('spec.positiveLabel', 'positiveLabel')}
          />
        </div>
        <details className={styles.details}>
          <summary>Lineage</summary>
          <div className={dialogs.columns}>
            <TextInput label="Data set" value={form.dataset} onChange={set('dataset')} />
            <TextInput label="Code revision" value={form.codeRevision} onChange={set('codeRevision')} />
            <TextInput
              label="Framework"
              value={form.framework}
              onChange={set('framework')}
              placeholder="scikit-learn 1.8"
            />
            <TextInput label="Notes" value={form.notes} onChange={set('notes')} />
          </div>
        </details>
        {progress !== null && (
          <div className={styles.progress}>
            <progress value={progress} max={1} aria-label="Sent" />
            <span>
              {progress < 1
                ? `${formatPercent(progress, 0)} sent`
                : 'sent, being checked: signature, operators, a first run'}
            </span>
          </div>
        )}
        {error !== null && (
          <div className={dialogs.error} role="alert">
            <p>
              {error.detail} <code>{error.code}</code>
            </p>
            {error.fields.length > 0 && (
              <ul>
                {error.fields.map((field) => (
                  <li key={`${field.field} ${field.detail}`}>
                    <code>{field.field}</code> {field.detail}
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
        <div className={dialogs.footer}>
          <Button kind="quiet" onClick={close}>
            Cancel
          </Button>
          <Button kind="primary" type="submit" busy={progress !== null} disabled={file === null}>
            Upload
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
