import { getRouteApi } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useListEndpointsQuery, useListModelsQuery, useListVersionsQuery } from '../../api/api.ts';
import { Button } from '../../ui/button.tsx';
import { Select, TextInput } from '../../ui/field.tsx';
import type { PredictionSearch } from './prediction-search.ts';
import styles from './predictions.module.css';

const route = getRouteApi('/predictions');
const TYPING_MS = 350;

/** Every filter lives in the address. */
export function FilterBar() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const endpoints = useListEndpointsQuery().data?.items ?? [];
  const models = useListModelsQuery().data?.items ?? [];
  const versions =
    useListVersionsQuery({ params: { model: search.model ?? '' } }, { skip: search.model === undefined }).data?.items ??
    [];
  const set = (change: Partial<Record<keyof PredictionSearch, string | undefined>>) =>
    void navigate({ search: (before) => ({ ...before, ...change, selected: undefined }) as never });
  const option = (name: string) => ({ value: name, label: name });
  const active = ['endpoint', 'model', 'version', 'status', 'outcome', 'label', 'unit', 'path'].some(
    (name) => name in search,
  );
  return (
    <search className={styles.filters} aria-label="Filter predictions">
      <Select
        label="Endpoint"
        hideLabel
        data-filter
        value={search.endpoint ?? ''}
        onChange={(event) => set({ endpoint: event.target.value })}
        options={[
          { value: '', label: 'Any endpoint' },
          ...known(
            search.endpoint,
            endpoints.map((one) => one.name),
          ).map(option),
        ]}
      />
      <Select
        label="Model"
        hideLabel
        value={search.model ?? ''}
        onChange={(event) => set({ model: event.target.value, version: undefined })}
        options={[
          { value: '', label: 'Any model' },
          ...known(
            search.model,
            models.map((one) => one.name),
          ).map(option),
        ]}
      />
      {search.model !== undefined && (
        <Select
          label="Version"
          hideLabel
          value={search.version ?? ''}
          onChange={(event) => set({ version: event.target.value })}
          options={[
            { value: '', label: 'Any version' },
            ...known(
              search.version,
              versions.map((one) => one.version),
            ).map((one) => ({ value: one, label: `Version ${one}` })),
          ]}
        />
      )}
      <Select
        label="Status"
        hideLabel
        value={search.status ?? ''}
        onChange={(event) => set({ status: event.target.value })}
        options={[
          { value: '', label: 'Any status' },
          { value: 'ok', label: 'Answered' },
          { value: 'error', label: 'Failed' },
        ]}
      />
      <Select
        label="Outcome"
        hideLabel
        value={search.outcome ?? ''}
        onChange={(event) => set({ outcome: event.target.value })}
        options={[
          { value: '', label: 'Any outcome' },
          { value: 'known', label: 'Label known' },
          { value: 'unknown', label: 'No label yet' },
          { value: 'correct', label: 'Correct' },
          { value: 'wrong', label: 'Wrong' },
        ]}
      />
      <TypedFilter label="Predicted label" value={search.label ?? ''} onChange={(label) => set({ label })} />
      <TypedFilter label="Unit" value={search.unit ?? ''} onChange={(unit) => set({ unit })} />
      <TypedFilter label="Path starts with" value={search.path ?? ''} onChange={(path) => set({ path })} />
      {active && (
        <Button
          kind="quiet"
          size="small"
          icon={<X size={13} aria-hidden="true" />}
          onClick={() =>
            void navigate({
              search: (before) => ({ from: before.from, to: before.to, refresh: before.refresh }) as never,
            })
          }
        >
          Clear
        </Button>
      )}
    </search>
  );
}

/** What the address names stays choosable when the list does not have it. */
const known = (chosen: string | undefined, names: readonly string[]): readonly string[] =>
  chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];

/** Waits for a pause in typing before it asks. */
function TypedFilter(props: { label: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(props.value);
  const [given, setGiven] = useState(props.value);
  if (given !== props.value) {
    setGiven(props.value);
    setTyped(props.value);
  }
  const { onChange, value } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <TextInput
      label={props.label}
      hideLabel
      type="search"
      placeholder={props.label}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
