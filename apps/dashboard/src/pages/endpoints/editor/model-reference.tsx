import { useListVersionsQuery } from '../../../api/api.ts';
import { joinField } from '../../../policy/branches.ts';
import { type Option, Select } from '../../../ui/field.tsx';
import styles from './editor.module.css';
import { useForm, useProblemAt } from './form-context.ts';

interface Reference {
  readonly model?: unknown;
  readonly version?: unknown;
  readonly alias?: unknown;
}

/** A model and which of its versions: a number, or an alias with the version that it means now. */
export function ModelReference(props: { label: string; field: string; value: unknown; isLeaf?: boolean }) {
  const { field } = props;
  const { set, models } = useForm();
  const value: Reference = typeof props.value === 'object' && props.value !== null ? props.value : {};
  const name = typeof value.model === 'string' ? value.model : '';
  const model = models.find((one) => one.name === name);
  const versions = useListVersionsQuery({ params: { model: name } }, { skip: model === undefined });
  const chosen =
    typeof value.alias === 'string' ? `@${value.alias}` : typeof value.version === 'string' ? value.version : '';
  const options: Option[] = [
    ...Object.entries(model?.aliases ?? {}).map(([alias, version]) => ({
      value: `@${alias}`,
      label: `@${alias}, version ${version} now`,
    })),
    ...(versions.currentData?.items ?? []).map(({ version }) => ({
      value: version,
      label: `version ${version}${version === model?.latestVersion ? ' (newest)' : ''}`,
    })),
  ];
  const isKnown = options.some((option) => option.value === chosen);
  // One error for the reference as a whole, which is what "give either a version or an alias" is about.
  const whole = useProblemAt(field);
  const modelError = useProblemAt(joinField(field, 'model'));
  const versionError = useProblemAt(joinField(field, 'version'));
  const aliasError = useProblemAt(joinField(field, 'alias'));
  const put = (reference: Reference) => set(field, props.isLeaf === true ? { kind: 'model', ...reference } : reference);
  return (
    <div className={styles.reference}>
      <Select
        label={props.label}
        error={modelError ?? whole}
        data-field={joinField(field, 'model')}
        value={name}
        options={[
          ...(models.some((one) => one.name === name) ? [] : [{ value: name, label: name === '' ? 'Choose…' : name }]),
          ...models.map((one) => ({ value: one.name, label: one.name })),
        ]}
        onChange={({ target }) => {
          const next = models.find((one) => one.name === target.value);
          const alias = Object.keys(next?.aliases ?? {}).find((one) => one === 'champion');
          put({
            model: target.value,
            ...(alias === undefined ? { version: next?.latestVersion ?? '1' } : { alias }),
          });
        }}
      />
      <Select
        label="Version"
        error={versionError ?? aliasError}
        data-field={joinField(field, 'version')}
        value={chosen}
        options={[
          ...(isKnown ? [] : [{ value: chosen, label: unknownLabel(chosen, versions.isFetching) }]),
          ...options,
        ]}
        onChange={({ target }) =>
          put(
            target.value.startsWith('@')
              ? { model: name, alias: target.value.slice(1) }
              : { model: name, version: target.value },
          )
        }
      />
    </div>
  );
}

function unknownLabel(chosen: string, isLoading: boolean): string {
  if (chosen === '') return isLoading ? 'Loading…' : 'Choose…';
  const text = chosen.startsWith('@') ? chosen : `version ${chosen}`;
  return isLoading ? text : `${text} (does not exist)`;
}
