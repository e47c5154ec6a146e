import type { PredictionDetail } from '@switchyard/contracts';
import { Copy, Link2 } from 'lucide-react';
import { useGetStatusQuery } from '../../api/api.ts';
import { formatLabel } from '../../format/answer.ts';
import { formatCount, formatInstant, formatNumber } from '../../format/format.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { notify } from '../../ui/notify.tsx';
import { curlOfPrediction } from '../endpoints/curl.ts';
import { DecisionSections, Section } from './decision-sections.tsx';
import { AnswerCell, OutcomeCell } from './prediction-cells.tsx';
import styles from './prediction-view.module.css';

/** One prediction: what was answered, how it was decided, what it took and what became of it. */
export function PredictionView(props: { prediction: PredictionDetail }) {
  const { prediction } = props;
  const { zone } = useTimeRange();
  const gateway = useGetStatusQuery().data?.gatewayUrl ?? 'http://127.0.0.1:7071';
  const copy = (text: string, what: string) =>
    void navigator.clipboard.writeText(text).then(() => notify({ title: `${what} copied` }));
  return (
    <div className={styles.view}>
      <div className={styles.summary}>
        <AnswerCell prediction={prediction} />
        <OutcomeCell prediction={prediction} />
      </div>
      <p className={styles.facts}>
        <time dateTime={prediction.at}>{formatInstant(prediction.at, zone)}</time> · <code>{prediction.id}</code>
      </p>
      <div className={styles.actions}>
        <Button
          size="small"
          icon={<Copy size={13} aria-hidden="true" />}
          onClick={() => copy(curlOfPrediction(gateway, prediction), 'Command')}
        >
          Copy as curl
        </Button>
        <Button
          size="small"
          icon={<Link2 size={13} aria-hidden="true" />}
          onClick={() => copy(new URL(`/predictions/${prediction.id}`, location.href).href, 'Link')}
        >
          Copy link
        </Button>
      </div>
      <DecisionSections prediction={prediction} />
      <Section title="Feedback">
        <Feedback prediction={prediction} />
      </Section>
      <Section title="Features" note={formatCount(Object.keys(prediction.features).length)}>
        <Values values={prediction.features} empty="No feature was sent." />
      </Section>
      <Section title="Unit, segment and context">
        <Values
          values={{
            ...(prediction.unit === '' ? {} : { unit: prediction.unit }),
            ...prediction.segment,
            ...prediction.context,
          }}
          empty="The caller gave none."
        />
      </Section>
      <Section title="Provenance">
        <Values
          values={{
            request: prediction.requestId,
            gateway: prediction.gateway,
            snapshot: prediction.snapshot,
            cached: prediction.cached ? 'answered from the cache' : 'no',
          }}
          empty=""
        />
      </Section>
    </div>
  );
}

function Feedback(props: { prediction: PredictionDetail }) {
  const { zone } = useTimeRange();
  const { feedback } = props.prediction;
  if (feedback.length === 0)
    return (
      <p className={styles.faint}>None has arrived. It may still: send it to POST /v1/feedback with the id above.</p>
    );
  return (
    <ul className={styles.feedback}>
      {feedback.map((item, index) => (
        <li key={`${item.receivedAt} ${item.at} ${item.label}`}>
          <span>
            {item.label !== null && (
              <>
                label <b>{formatLabel(item.label)}</b>{' '}
              </>
            )}
            {item.reward !== null && (
              <>
                reward <b>{formatNumber(item.reward)}</b>{' '}
              </>
            )}
            {Object.entries(item.values).map(([name, value]) => (
              <span key={name}>
                {name} <b>{formatNumber(value)}</b>{' '}
              </span>
            ))}
            {index > 0 && <Badge>replaced</Badge>}
          </span>
          <span className={styles.faint}>
            known {formatInstant(item.at, zone)}, received {formatInstant(item.receivedAt, zone)}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Values(props: { values: Readonly<Record<string, unknown>>; empty: string }) {
  const entries = Object.entries(props.values);
  if (entries.length === 0) return <p className={styles.faint}>{props.empty}</p>;
  return (
    <dl className={styles.values}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt title={name}>{name}</dt>
          <dd>
            {value === null ? (
              <em>missing</em>
            ) : typeof value === 'number' ? (
              value.toLocaleString('en', { maximumSignificantDigits: 9 })
            ) : (
              String(value)
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
