import type { Policy } from '@switchyard/contracts';
import { useState } from 'react';
import { BRANCH_LISTS, branchesOf, joinField } from '../../../policy/branches.ts';
import { valueAt } from '../../../policy/edit.ts';
import { isSame } from '../../../policy/merge.ts';
import { type Parameter, parseNumber, parsePercent, toPercent } from '../../../policy/parameters.ts';
import { Select, TextInput } from '../../../ui/field.tsx';
import styles from './editor.module.css';
import { useForm, useProblemAt } from './form-context.ts';
import { ModelReference } from './model-reference.tsx';

/** One parameter of a node or a branch. `place` is the field of whichever it belongs to. */
export function ParameterField(props: { parameter: Parameter; node: Policy; nodeField: string; place: string }) {
  const { parameter, node, place } = props;
  const { set } = useForm();
  const field = joinField(place, parameter.key);
  const error = useProblemAt(field);
  const value = valueAt(node, relative(field, props.nodeField));
  if (parameter.when?.(node) === false && value === undefined) return null;
  switch (parameter.type) {
    case 'number':
    case 'share':
    case 'text':
    case 'list':
      return <TypedField parameter={parameter} field={field} value={value} error={error} />;
    case 'choice':
      return (
        <Select
          label={parameter.label}
          hint={parameter.hint}
          error={error}
          data-field={field}
          value={typeof value === 'string' ? value : ''}
          options={[
            ...(parameter.default === undefined
              ? []
              : [{ value: '', label: `${labelOf(parameter, parameter.default)} (default)` }]),
            ...parameter.options.filter((option) => option.value !== parameter.default || option.value === value),
          ]}
          onChange={({ target }) => {
            if (parameter.choose !== undefined) set(props.nodeField, parameter.choose(node, target.value));
            else set(field, target.value === '' ? undefined : target.value);
          }}
        />
      );
    case 'branch':
      return (
        <Select
          label={parameter.label}
          error={error}
          data-field={field}
          value={typeof value === 'string' ? value : ''}
          options={branchOptions(node, parameter.default ?? 'none', value)}
          onChange={({ target }) => set(field, target.value === '' ? undefined : target.value)}
        />
      );
    case 'switch':
      return (
        <label className={styles.switch}>
          <input
            type="checkbox"
            data-field={field}
            checked={value === true}
            onChange={({ target }) => set(field, target.checked ? true : undefined)}
          />
          {parameter.label}
        </label>
      );
    case 'model':
      return <ModelReference label={parameter.label} field={field} value={value} />;
  }
}

/** A value that is typed: as the draft holds it, whatever the text looks like on the way there. */
export function TypedField(props: {
  parameter: Extract<Parameter, { type: 'number' | 'share' | 'text' | 'list' }>;
  field: string;
  value: unknown;
  error: string | undefined;
}) {
  const { parameter, field, value } = props;
  const { set } = useForm();
  const { format, parse } = FORMATS[parameter.type];
  const [typed, setTyped] = useState(() => format(value));
  // "33." means 33 and has to stay as it is typed; what was changed elsewhere is shown as it is.
  const text = isSame(parse(typed), value) ? typed : format(value);
  const unit = parameter.type === 'share' ? '%' : parameter.type === 'number' ? parameter.unit : undefined;
  const placeholder =
    parameter.type === 'share'
      ? toPercent(parameter.default)
      : parameter.default === undefined
        ? ''
        : String(parameter.default);
  return (
    <div className={parameter.key === 'when' ? styles.wide : undefined}>
      <TextInput
        label={unit === undefined ? parameter.label : `${parameter.label} (${unit})`}
        hint={parameter.hint}
        error={props.error}
        data-field={field}
        inputMode={parameter.type === 'number' || parameter.type === 'share' ? 'decimal' : 'text'}
        value={text}
        placeholder={placeholder === '' ? '' : `${placeholder} (default)`}
        className={parameter.key === 'when' ? styles.condition : undefined}
        onChange={({ target }) => {
          setTyped(target.value);
          const parsed = parse(target.value);
          // A condition that is empty is there and wrong, not absent.
          set(field, parsed === undefined && parameter.key === 'when' ? '' : parsed);
        }}
      />
    </div>
  );
}

const FORMATS = {
  number: { format: (value: unknown) => (value === undefined ? '' : String(value)), parse: parseNumber },
  share: { format: toPercent, parse: parsePercent },
  text: {
    format: (value: unknown) => (typeof value === 'string' ? value : ''),
    parse: (text: string): unknown => (text === '' ? undefined : text),
  },
  list: {
    format: (value: unknown) => (Array.isArray(value) ? value.join(', ') : ''),
    parse: (text: string): unknown => {
      const names = text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
      return names.length === 0 ? undefined : names;
    },
  },
} as const;

const relative = (field: string, base: string) => (base === '' ? field : field.slice(base.length + 1));

const labelOf = (parameter: Extract<Parameter, { type: 'choice' }>, value: string) =>
  parameter.options.find((option) => option.value === value)?.label ?? value;

function branchOptions(node: Policy, none: string, value: unknown) {
  if (node.kind === 'model') return [];
  const list = BRANCH_LISTS[node.kind];
  const names = branchesOf(node).flatMap((branch) => (branch.field.startsWith(`${list}.`) ? [branch.name] : []));
  // A name that no branch has any more is shown, so that it can be seen to be wrong.
  const shown = typeof value === 'string' && !names.includes(value) ? [...names, value] : names;
  return [{ value: '', label: `${none} (default)` }, ...shown.map((name) => ({ value: name, label: name }))];
}
