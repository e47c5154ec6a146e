import type { Endpoint, FeatureSpec } from '@switchyard/contracts';
import { Copy, Send } from 'lucide-react';
import { useState } from 'react';
import { useGetStatusQuery } from '../../../api/api.ts';
import { Button } from '../../../ui/button.tsx';
import { Select, TextArea, TextInput } from '../../../ui/field.tsx';
import { notify } from '../../../ui/notify.tsx';
import { predictCurl } from '../curl.ts';
import { DEFAULT_GATEWAY } from '../how-to-call.tsx';
import styles from './try.module.css';
import { readValues, type TryBody, type TryValues } from './try-values.ts';

interface Problem {
  readonly field: string;
  readonly detail: string;
}

export function TryForm(props: {
  endpoint: Endpoint;
  initial: TryValues;
  /** What the gateway said about fields of the last request. */
  refused: readonly Problem[];
  isSending: boolean;
  onSend: (body: TryBody) => void;
}) {
  const { endpoint } = props;
  const gateway = useGetStatusQuery().data?.gatewayUrl ?? DEFAULT_GATEWAY;
  const [values, setValues] = useState(props.initial);
  const [sent, setSent] = useState<TryValues>();
  const read = readValues(endpoint.features, values);
  // What the gateway refused is true of what was sent, not of what is typed since.
  const problems = read.ok ? (sent === values ? props.refused : []) : read.problems;
  const problemAt = (field: string) => problems.find((problem) => problem.field === field)?.detail;
  const known = new Set(endpoint.features.map(({ name }) => `features.${name}`));
  const others = problems.filter(({ field }) => !known.has(field) && !['unit', 'segment', 'context'].includes(field));
  const set = (changes: Partial<TryValues>) => setValues({ ...values, ...changes });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (!read.ok) return;
        setSent(values);
        props.onSend(read.body);
      }}
    >
      <fieldset className={styles.features}>
        <legend className="visually-hidden">Features</legend>
        {endpoint.features.length === 0 && <p className={styles.faint}>The endpoint takes no feature.</p>}
        {endpoint.features.map((feature) => (
          <FeatureField
            key={feature.name}
            feature={feature}
            value={values.features[feature.name] ?? ''}
            error={problemAt(`features.${feature.name}`)}
            onChange={(text) => set({ features: { ...values.features, [feature.name]: text } })}
          />
        ))}
      </fieldset>
      <div className={styles.about}>
        <TextInput
          label="Unit"
          hint="What keeps its arm: the user, account or session."
          error={problemAt('unit')}
          value={values.unit}
          onChange={({ target }) => set({ unit: target.value })}
        />
        <TextArea
          label="Segment"
          hint="name=value, one a line"
          error={problemAt('segment')}
          rows={2}
          value={values.segment}
          onChange={({ target }) => set({ segment: target.value })}
        />
        <TextArea
          label="Context"
          hint="name=value, one a line"
          error={problemAt('context')}
          rows={2}
          value={values.context}
          onChange={({ target }) => set({ context: target.value })}
        />
      </div>
      {others.length > 0 && (
        <ul className={styles.problems} role="alert">
          {others.map((problem) => (
            <li key={`${problem.field} ${problem.detail}`}>
              <code>{problem.field}</code> {problem.detail}
            </li>
          ))}
        </ul>
      )}
      <div className={styles.actions}>
        <Button
          kind="primary"
          type="submit"
          icon={<Send size={14} aria-hidden="true" />}
          busy={props.isSending}
          disabled={!read.ok}
        >
          Send
        </Button>
        <Button
          kind="quiet"
          icon={<Copy size={14} aria-hidden="true" />}
          disabled={!read.ok}
          onClick={() => {
            if (!read.ok) return;
            const { features, ...rest } = read.body;
            const command = predictCurl(gateway, endpoint.name, { instances: [features], ...rest });
            void navigator.clipboard.writeText(command).then(() => notify({ title: 'Command copied' }));
          }}
        >
          Copy as curl
        </Button>
      </div>
    </form>
  );
}

function FeatureField(props: {
  feature: FeatureSpec;
  value: string;
  error: string | undefined;
  onChange: (text: string) => void;
}) {
  const { feature, value } = props;
  const missing = feature.default === undefined ? 'required' : `default ${String(feature.default)}`;
  const choices =
    feature.type === 'boolean'
      ? ['true', 'false']
      : feature.categories !== undefined && feature.categories.length <= 200
        ? feature.categories
        : undefined;
  if (choices !== undefined) {
    return (
      <Select
        label={feature.name}
        error={props.error}
        value={value}
        options={[
          { value: '', label: missing },
          ...(value === '' || choices.includes(value) ? [] : [{ value, label: `${value} (unknown)` }]),
          ...choices.map((one) => ({ value: one, label: one })),
        ]}
        onChange={({ target }) => props.onChange(target.value)}
      />
    );
  }
  return (
    <TextInput
      label={feature.name}
      error={props.error}
      inputMode={feature.type === 'string' ? 'text' : 'decimal'}
      placeholder={missing}
      value={value}
      onChange={({ target }) => props.onChange(target.value)}
    />
  );
}
