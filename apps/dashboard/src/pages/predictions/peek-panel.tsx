import { Link } from '@tanstack/react-router';
import { ChevronDown, ChevronUp, Maximize2, X } from 'lucide-react';
import { useGetPredictionQuery } from '../../api/api.ts';
import { IconButton } from '../../ui/button.tsx';
import { QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import { PredictionView } from './prediction-view.tsx';
import styles from './predictions.module.css';

/** A prediction beside the list, so that one can go through many. */
export function PeekPanel(props: {
  id: string;
  position: number;
  count: number;
  onMove: (by: 1 | -1) => void;
  onClose: () => void;
}) {
  const query = useGetPredictionQuery({ params: { id: props.id } });
  // While the next one is read, the one before would be taken for it.
  const shown = { ...query, data: query.currentData };
  return (
    <aside className={styles.peek} aria-label="Prediction">
      <header>
        <h2>Prediction</h2>
        {props.position >= 0 && (
          <span className={styles.faint}>
            {props.position + 1} of {props.count}
          </span>
        )}
        <div className={styles.peekActions}>
          <IconButton
            label="Prediction before"
            shortcut="K"
            icon={<ChevronUp size={16} aria-hidden="true" />}
            onClick={() => props.onMove(-1)}
          />
          <IconButton
            label="Next prediction"
            shortcut="J"
            icon={<ChevronDown size={16} aria-hidden="true" />}
            onClick={() => props.onMove(1)}
          />
          <Link
            to="/predictions/$id"
            params={{ id: props.id }}
            className={styles.open}
            aria-label="Open on its own page"
          >
            <Maximize2 size={14} aria-hidden="true" />
          </Link>
          <IconButton label="Close" shortcut="Esc" icon={<X size={16} aria-hidden="true" />} onClick={props.onClose} />
        </div>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <section className={styles.peekBody} tabIndex={0} aria-label="Details of the prediction">
        <QueryView query={shown} skeleton={<SkeletonRows rows={12} inset />}>
          {(prediction) => <PredictionView prediction={prediction} />}
        </QueryView>
      </section>
    </aside>
  );
}
