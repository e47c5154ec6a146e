import { useNavigate } from '@tanstack/react-router';
import { ChevronDown, Clock, RotateCw, ZoomOut } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { zoneChosen } from '../api/preferences.ts';
import { useAppDispatch } from '../api/store.ts';
import {
  absoluteRange,
  describeRange,
  describeSpan,
  isRelative,
  parseTypedRange,
  QUICK_RANGES,
  REFRESH_OPTIONS,
  type TimeRange,
  zoneLabel,
  zoomOut,
} from '../time/time-range.ts';
import { useSetTimeRange, useTimeRange } from '../time/use-time-range.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { TextInput } from '../ui/field.tsx';
import { Menu } from '../ui/menu.tsx';
import { Popover } from '../ui/popover.tsx';
import { Segmented } from '../ui/segmented.tsx';
import styles from './time-range-picker.module.css';
import { isTyping } from './use-shortcuts.ts';

const REFRESH_WORDS = {
  auto: 'Automatic',
  off: 'Off',
  '5s': '5 s',
  '10s': '10 s',
  '30s': '30 s',
  '1m': '1 min',
  '5m': '5 min',
} as const;

export function TimeRangePicker() {
  const resolved = useTimeRange();
  const setRange = useSetTimeRange();
  const navigate = useNavigate();
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 't' && !event.metaKey && !event.ctrlKey && !event.altKey && !isTyping(event.target)) {
        event.preventDefault();
        setOpened(true);
      }
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
  const name = describeRange(resolved.range, resolved.toMs, resolved.zone);
  return (
    <div className={styles.picker}>
      <IconButton
        label="Zoom out to twice the range"
        icon={<ZoomOut size={15} aria-hidden="true" />}
        onClick={() => setRange(zoomOut(resolved.fromMs, resolved.toMs, Date.now()))}
      />
      <Popover
        opened={opened}
        onChange={setOpened}
        label="Time range"
        width={420}
        target={
          <button
            type="button"
            className={styles.target}
            onClick={() => setOpened(!opened)}
            data-problem={resolved.problem !== undefined || undefined}
            aria-label={`Time range: ${name}`}
            aria-expanded={opened}
          >
            <Clock size={14} aria-hidden="true" />
            <span>{resolved.problem === undefined ? name : 'Last 1 hour (the address has no valid range)'}</span>
            <ChevronDown size={13} aria-hidden="true" />
          </button>
        }
      >
        <RangeForm
          onChoose={(range) => {
            setRange(range);
            setOpened(false);
          }}
        />
      </Popover>
      <Menu
        label="Refresh"
        target={
          <Button
            size="normal"
            kind="quiet"
            className={styles.refresh ?? ''}
            aria-label={`Refresh: ${REFRESH_WORDS[resolved.refresh]}`}
          >
            {isRelative(resolved.range) ? REFRESH_WORDS[resolved.refresh] : 'Off'}
            <ChevronDown size={13} aria-hidden="true" />
          </Button>
        }
        items={REFRESH_OPTIONS.map((option) => ({
          key: option,
          label: REFRESH_WORDS[option],
          checked: option === resolved.refresh,
          onSelect: () =>
            void navigate({
              to: '.',
              search: (before) => ({ ...before, refresh: option === 'auto' ? undefined : option }) as never,
              replace: true,
            }),
        }))}
      />
      <IconButton label="Refresh now" icon={<RotateCw size={15} aria-hidden="true" />} onClick={resolved.refreshNow} />
    </div>
  );
}

function RangeForm(props: { onChoose: (range: TimeRange) => void }) {
  const { range, fromMs, toMs, zone } = useTimeRange();
  const dispatch = useAppDispatch();
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string>();
  const [custom, setCustom] = useState({ from: toFieldValue(fromMs, zone), to: toFieldValue(toMs, zone) });
  const submitTyped = (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseTypedRange(typed, Date.now(), zone);
    if (parsed.ok) props.onChoose(parsed.range);
    else setProblem(parsed.reason);
  };
  const submitCustom = (event: FormEvent) => {
    event.preventDefault();
    const from = fromFieldValue(custom.from, zone);
    const to = fromFieldValue(custom.to, zone);
    if (Number.isNaN(from) || Number.isNaN(to)) setProblem('Give both a start and an end.');
    else if (from >= to) setProblem('The start is not before the end.');
    else props.onChoose(absoluteRange(from, to));
  };
  return (
    <div className={styles.form}>
      <ul className={styles.quick}>
        {QUICK_RANGES.map((quick) => (
          <li key={quick.label}>
            <button
              type="button"
              aria-current={quick.range.from === range.from && quick.range.to === range.to ? 'true' : undefined}
              onClick={() => props.onChoose(quick.range)}
            >
              {quick.label}
            </button>
          </li>
        ))}
      </ul>
      <div className={styles.custom}>
        <form onSubmit={submitTyped}>
          <TextInput
            label="Type a range"
            placeholder="45m · today · now-24h to now"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setProblem(undefined);
            }}
            error={problem}
            hint="Enter to apply. Relative ranges stay relative in the address."
            data-autofocus
          />
        </form>
        <form onSubmit={submitCustom} className={styles.dates}>
          <TextInput
            label="From"
            type="datetime-local"
            step={1}
            value={custom.from}
            onChange={(event) => setCustom({ ...custom, from: event.target.value })}
          />
          <TextInput
            label="To"
            type="datetime-local"
            step={1}
            value={custom.to}
            onChange={(event) => setCustom({ ...custom, to: event.target.value })}
          />
          <Button type="submit" kind="primary" size="small">
            Apply
          </Button>
        </form>
        <div className={styles.zone}>
          <Segmented
            label="Time zone"
            name="zone"
            value={zone}
            options={[
              { value: 'local', label: 'Local' },
              { value: 'utc', label: 'UTC' },
            ]}
            onChange={(value) => dispatch(zoneChosen(value))}
          />
          <span>{zoneLabel(zone, Date.now())}</span>
        </div>
        <p className={styles.shown}>{describeSpan(fromMs, toMs, zone)}</p>
      </div>
    </div>
  );
}

const pad = (value: number) => String(value).padStart(2, '0');

function toFieldValue(at: number, zone: 'utc' | 'local'): string {
  const date = new Date(at);
  if (zone === 'utc') return date.toISOString().slice(0, 19);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

const fromFieldValue = (value: string, zone: 'utc' | 'local'): number =>
  Date.parse(zone === 'utc' ? `${value}Z` : value);
