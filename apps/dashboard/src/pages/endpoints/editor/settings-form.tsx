import type { EndpointSettings } from '@switchyard/contracts';
import { DEFAULT_SETTINGS, SETTING_LABELS, settingsOf } from '../../../policy/document.ts';
import { valueAt } from '../../../policy/edit.ts';
import type { NumberParameter } from '../../../policy/parameters.ts';
import { Select } from '../../../ui/field.tsx';
import styles from './editor.module.css';
import { useForm, useProblemAt } from './form-context.ts';
import { TypedField } from './parameter-field.tsx';

const NUMBERS: readonly NumberParameter[] = [
  {
    key: 'timeoutMs',
    type: 'number',
    label: SETTING_LABELS.timeoutMs,
    unit: 'ms',
    default: DEFAULT_SETTINGS.timeoutMs.toLocaleString('en'),
    hint: 'After it a request is answered with an error.',
  },
  {
    key: 'maximumQueuedRows',
    type: 'number',
    label: SETTING_LABELS.maximumQueuedRows,
    unit: 'rows',
    default: DEFAULT_SETTINGS.maximumQueuedRows.toLocaleString('en'),
    hint: 'Beyond it requests are refused at once.',
  },
  {
    key: 'cache.ttlSeconds',
    type: 'number',
    label: 'Keep answers for',
    unit: 's',
    default: 'off',
    hint: 'The same row gets the same answer without asking the model again.',
  },
];

const CHOICES = {
  unknownFeatures: [
    ['reject', 'are refused'],
    ['ignore', 'are ignored'],
  ],
  onLogFailure: [
    ['refuse', 'requests are refused'],
    ['answer-unlogged', 'answers go out unlogged'],
  ],
} as const satisfies Partial<Record<keyof EndpointSettings, readonly (readonly [string, string])[]>>;

/** How the endpoint treats requests, whatever its policy. */
export function SettingsForm(props: { document: unknown }) {
  const settings = settingsOf(props.document);
  return (
    <div className={styles.settings}>
      {NUMBERS.map((parameter) => (
        <NumberSetting key={parameter.key} parameter={parameter} settings={settings} />
      ))}
      {(['unknownFeatures', 'onLogFailure'] as const).map((key) => (
        <ChoiceSetting key={key} name={key} value={settings[key]} />
      ))}
    </div>
  );
}

function NumberSetting(props: { parameter: NumberParameter; settings: Record<string, unknown> }) {
  const { parameter, settings } = props;
  const field = `settings.${parameter.key}`;
  const error = useProblemAt(field);
  return <TypedField parameter={parameter} field={field} value={valueAt(settings, parameter.key)} error={error} />;
}

function ChoiceSetting(props: { name: keyof typeof CHOICES; value: unknown }) {
  const { name, value } = props;
  const { set } = useForm();
  const field = `settings.${name}`;
  const error = useProblemAt(field);
  const chosen = value ?? DEFAULT_SETTINGS[name];
  return (
    <Select
      label={SETTING_LABELS[name]}
      error={error}
      data-field={field}
      value={String(chosen)}
      options={[
        ...(CHOICES[name].some(([option]) => option === chosen)
          ? []
          : [{ value: String(chosen), label: String(chosen) }]),
        ...CHOICES[name].map(([option, label]) => ({
          value: option,
          label: option === DEFAULT_SETTINGS[name] ? `${label} (default)` : label,
        })),
      ]}
      onChange={({ target }) => set(field, target.value)}
    />
  );
}
