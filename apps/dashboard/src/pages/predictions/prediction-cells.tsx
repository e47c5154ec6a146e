import type { Answer, PredictionSummary } from '@switchyard/contracts';
import { formatAnswer, formatLabel, formatScore, outcomeState } from '../../format/answer.ts';
import { Badge } from '../../ui/badge.tsx';
import styles from './prediction-cells.module.css';

export function AnswerCell(props: { prediction: Pick<PredictionSummary, 'status' | 'error' | 'answer'> }) {
  const { prediction } = props;
  if (prediction.status === 'error')
    return (
      <Badge tone="bad" dot>
        {prediction.error}
      </Badge>
    );
  return <AnswerText answer={prediction.answer} />;
}

export function AnswerText(props: { answer: Answer }) {
  const { answer } = props;
  return (
    <span className={styles.answer}>
      <b>{formatAnswer(answer)}</b>
      {answer.score !== undefined && (
        <>
          <meter className={styles.meter} min={0} max={1} value={answer.score} aria-label="score" />
          <span className={styles.score}>{formatScore(answer)}</span>
        </>
      )}
    </span>
  );
}

export function OutcomeCell(props: { prediction: Pick<PredictionSummary, 'answer' | 'outcome'> }) {
  const state = outcomeState(props.prediction);
  if (state === 'waiting') return <span className={styles.waiting}>no label yet</span>;
  const label = formatLabel(props.prediction.outcome ?? '');
  if (state === 'known') return <Badge>{label}</Badge>;
  return (
    <Badge tone={state === 'correct' ? 'good' : 'bad'}>{state === 'correct' ? `✓ ${label}` : `✗ was ${label}`}</Badge>
  );
}
