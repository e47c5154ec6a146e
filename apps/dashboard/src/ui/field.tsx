import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react';
import styles from './field.module.css';

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  /** The label is there for readers that cannot see, the place says the rest. */
  readonly hideLabel?: boolean;
}

function Field(
  props: FieldProps & {
    children: (ids: {
      id: string;
      'aria-describedby': string | undefined;
      'aria-invalid': boolean | undefined;
    }) => ReactNode;
  },
) {
  const id = useId();
  const describes = props.error !== undefined ? `${id}-error` : props.hint !== undefined ? `${id}-hint` : undefined;
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={props.hideLabel === true ? 'visually-hidden' : styles.label}>
        {props.label}
      </label>
      {props.children({ id, 'aria-describedby': describes, 'aria-invalid': props.error !== undefined || undefined })}
      {props.error !== undefined ? (
        <span id={`${id}-error`} className={styles.error} role="alert">
          {props.error}
        </span>
      ) : (
        props.hint !== undefined && (
          <span id={`${id}-hint`} className={styles.hint}>
            {props.hint}
          </span>
        )
      )}
    </div>
  );
}

export function TextInput({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel === true}>
      {(ids) => (
        <input
          type="text"
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...ids}
          className={[styles.input, className].filter(Boolean).join(' ')}
        />
      )}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel === true}>
      {(ids) => (
        <textarea {...rest} {...ids} className={[styles.input, styles.area, className].filter(Boolean).join(' ')} />
      )}
    </Field>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function Select({
  label,
  hint,
  error,
  hideLabel,
  options,
  ...rest
}: FieldProps & { options: readonly Option[] } & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field label={label} hint={hint} error={error} hideLabel={hideLabel === true}>
      {(ids) => (
        <select
          {...rest}
          {...ids}
          className={`${styles.input} ${styles.select}`}
          data-empty={rest.value === '' || undefined}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
