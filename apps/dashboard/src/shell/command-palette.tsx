import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useState } from 'react';
import { useListEndpointsQuery, useListModelsQuery } from '../api/api.ts';
import { QUICK_RANGES } from '../time/time-range.ts';
import { useSetTimeRange } from '../time/use-time-range.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useColorScheme } from '../ui/theme-provider.tsx';
import styles from './command-palette.module.css';
import { type Command, matchCommands } from './match-commands.ts';

const PREDICTION_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Pages, entities and actions by name; an id of a prediction opens it. */
export function CommandPalette(props: { opened: boolean; onClose: () => void; onHelp: () => void }) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title="Search and commands" width={600} atTop>
      {props.opened && <Palette {...props} />}
    </Dialog>
  );
}

function Palette(props: { onClose: () => void; onHelp: () => void }) {
  const commands = useCommands(props.onHelp);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = matchCommands(useDeferredValue(query), commands(query));
  const list = useId();
  const at = Math.min(chosen, found.length - 1);
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    props.onClose();
    command.run();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setChosen((at + 1) % Math.max(1, found.length));
    else if (event.key === 'ArrowUp') setChosen((at - 1 + found.length) % Math.max(1, found.length));
    else if (event.key === 'Enter') run(found[at]);
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [at, list]);
  return (
    <>
      <input
        className={styles.input}
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found.length > 0 ? `${list}-${at}` : undefined}
        aria-label="Search pages, models, endpoints and actions"
        placeholder="Page, model, endpoint, action, or the id of a prediction"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={key}
        data-autofocus
      />
      <div id={list} role="listbox" aria-label="Results" className={styles.list}>
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the input keeps the focus, as a combobox does
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the input
          <div
            key={command.id}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            className={styles.option}
            onClick={() => run(command)}
            onMouseMove={() => setChosen(index)}
          >
            <span>{command.label}</span>
            <small>{command.group}</small>
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <p className={styles.none} role="status">
          Nothing is called that.
        </p>
      )}
    </>
  );
}

function useCommands(onHelp: () => void): (query: string) => Command[] {
  const navigate = useNavigate();
  const setRange = useSetTimeRange();
  const { choose } = useColorScheme();
  const models = useListModelsQuery().data?.items ?? [];
  const endpoints = useListEndpointsQuery().data?.items ?? [];
  return (query) => [
    ...(PREDICTION_ID.test(query.trim())
      ? [
          {
            id: 'prediction',
            group: 'Predictions' as const,
            label: query.trim(),
            run: () => void navigate({ to: '/predictions/$id', params: { id: query.trim() } }),
          },
        ]
      : []),
    ...(
      [
        ['Overview', '/'],
        ['Models', '/models'],
        ['Endpoints', '/endpoints'],
        ['Predictions', '/predictions'],
      ] as const
    ).map(([label, to]): Command => ({ id: to, group: 'Pages', label, run: () => void navigate({ to }) })),
    ...models.map(
      ({ name }): Command => ({
        id: `model ${name}`,
        group: 'Models',
        label: name,
        run: () => void navigate({ to: '/models/$model', params: { model: name } }),
      }),
    ),
    ...endpoints.map(
      ({ name }): Command => ({
        id: `endpoint ${name}`,
        group: 'Endpoints',
        label: name,
        run: () => void navigate({ to: '/endpoints/$endpoint', params: { endpoint: name } }),
      }),
    ),
    {
      id: 'create',
      group: 'Actions',
      label: 'Create a model',
      run: () => void navigate({ to: '/models', search: { dialog: 'create' } }),
    },
    {
      id: 'new endpoint',
      group: 'Actions',
      label: 'New endpoint',
      run: () => void navigate({ to: '/endpoints', search: { view: 'new' } }),
    },
    {
      id: 'failed',
      group: 'Actions',
      label: 'Show failed predictions',
      run: () => void navigate({ to: '/predictions', search: { status: 'error' } }),
    },
    {
      id: 'wrong',
      group: 'Actions',
      label: 'Show wrong predictions',
      run: () => void navigate({ to: '/predictions', search: { outcome: 'wrong' } }),
    },
    { id: 'light', group: 'Actions', label: 'Use the light theme', run: () => choose('light') },
    { id: 'dark', group: 'Actions', label: 'Use the dark theme', run: () => choose('dark') },
    { id: 'auto', group: 'Actions', label: 'Use the theme of the system', run: () => choose('auto') },
    { id: 'help', group: 'Actions', label: 'Show keyboard shortcuts', run: onHelp },
    {
      id: 'copy',
      group: 'Actions',
      label: 'Copy the address of this view',
      run: () => void navigator.clipboard.writeText(location.href),
    },
    ...QUICK_RANGES.map(
      ({ label, range }): Command => ({ id: label, group: 'Time range', label, run: () => setRange(range) }),
    ),
  ];
}
