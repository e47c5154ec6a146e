import type { PredictionSummary } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import { Pause, Play, Radio } from 'lucide-react';
import { memo, useMemo, useRef, useState } from 'react';
import { useListPredictionsInfiniteQuery } from '../../api/api.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatCount, formatInstant, formatMicros } from '../../format/format.ts';
import type { LiveState } from '../../live/live-feed.ts';
import { useLiveState } from '../../live/live-feed-provider.tsx';
import type { Zone } from '../../time/time-range.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, SkeletonRows } from '../../ui/query-view.tsx';
import { AnswerCell } from '../predictions/prediction-cells.tsx';
import styles from './live-feed-panel.module.css';

const SHOWN_ROWS = 60;

/** New predictions at the top, until somebody looks closer: hovering, scrolling or the button holds the list still. */
export function LiveFeedPanel() {
  const live = useLiveState();
  const { zone } = useTimeRange();
  const [pressed, setPressed] = useState(false);
  const [hovered, setHovered] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const paused = pressed || hovered || scrolled;
  const held = useRef<LiveState>(live);
  const list = useRef<HTMLDivElement>(null);
  if (!paused) held.current = live;
  const shown = held.current;
  // What was there before the page was opened, so that a quiet platform does not look like a broken one.
  const before = useListPredictionsInfiniteQuery({ limit: SHOWN_ROWS });
  const earlier = before.data?.pages[0]?.items;
  const items = useMemo(() => withEarlier(shown.items, earlier ?? []), [shown.items, earlier]);
  const waiting = live.recorded - shown.recorded;
  const resume = () => {
    setPressed(false);
    setScrolled(false);
    setHovered(false);
    list.current?.scrollTo({ top: 0 });
  };
  return (
    <Panel
      title="Live predictions"
      flush
      className={styles.panel}
      note={<FeedNote live={live} paused={paused} />}
      aside={
        <Button
          kind="quiet"
          size="small"
          icon={pressed ? <Play size={13} aria-hidden="true" /> : <Pause size={13} aria-hidden="true" />}
          aria-pressed={pressed}
          onClick={() => (pressed ? resume() : setPressed(true))}
        >
          {pressed ? 'Resume' : 'Pause'}
        </Button>
      }
    >
      {/* The pill is part of it: on the way to it the pointer must not set the list going again. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: hovering is a convenience; the button does the same */}
      <div className={styles.frame} onMouseEnter={() => setHovered(true)} onMouseLeave={() => setHovered(false)}>
        {paused && waiting > 0 && (
          <button type="button" className={styles.pill} onClick={resume}>
            {formatCount(waiting)} new
          </button>
        )}
        <section
          ref={list}
          className={styles.list}
          onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 4)}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
          tabIndex={0}
          aria-label="Live predictions, newest first"
        >
          {items.length > 0 ? (
            <FeedRows items={items} zone={zone} />
          ) : live.connection === 'connecting' || before.isLoading ? (
            <div aria-busy="true">
              <SkeletonRows rows={6} />
            </div>
          ) : (
            <Empty
              icon={<Radio size={17} />}
              title={
                live.connection === 'open'
                  ? earlier === undefined
                    ? 'Listening. No prediction since this page was opened.'
                    : 'Listening. There is no prediction yet.'
                  : 'The live connection is down.'
              }
              cause={
                live.connection === 'open'
                  ? 'Rows appear here within seconds of an answer.'
                  : 'It is tried again by itself; the numbers above keep refreshing.'
              }
            />
          )}
        </section>
      </div>
    </Panel>
  );
}

function withEarlier(
  live: readonly PredictionSummary[],
  earlier: readonly PredictionSummary[],
): readonly PredictionSummary[] {
  if (live.length >= SHOWN_ROWS) return live;
  const known = new Set(live.map((item) => item.id));
  return [...live, ...earlier.filter((item) => !known.has(item.id))];
}

function FeedNote(props: { live: LiveState; paused: boolean }) {
  const { live, paused } = props;
  if (live.connection === 'reconnecting')
    return (
      <Badge tone="warning" dot>
        stale, reconnecting
      </Badge>
    );
  return (
    <span className={styles.note}>
      {paused && <Badge tone="accent">paused</Badge>}
      {live.notSent > 0 && (
        <span title="When there are many, a sample is sent. All of them are in Predictions.">
          sample: {formatCount(live.notSent)} of {formatCount(live.recorded)} not shown
        </span>
      )}
    </span>
  );
}

const FeedRows = memo(function FeedRows(props: { items: readonly PredictionSummary[]; zone: Zone }) {
  const color = useModelColor();
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">Live predictions, newest first</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Endpoint and path</th>
          <th scope="col">Model</th>
          <th scope="col">Answer</th>
          <th scope="col">Latency</th>
        </tr>
      </thead>
      <tbody>
        {props.items.slice(0, SHOWN_ROWS).map((item) => (
          <tr key={item.id}>
            <td className={styles.time}>
              <Link to="/predictions" search={{ selected: item.id }}>
                {formatInstant(item.at, props.zone, 'time')}
              </Link>
            </td>
            <td className={styles.path} title={`${item.endpoint} ${item.path}`}>
              {item.endpoint}
              {item.path !== '' && <span> › {item.path.replaceAll('/', ' › ')}</span>}
            </td>
            <td>
              {item.model !== '' && (
                <span className={styles.model}>
                  <Swatch color={color(item.model)} /> {item.model} {/* An ensemble is no version of a model. */}
                  {item.version !== '' && <small>v{item.version}</small>}
                </span>
              )}
            </td>
            <td>
              <AnswerCell prediction={item} />
            </td>
            <td className={styles.latency}>{formatMicros(item.totalMicros)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
});
