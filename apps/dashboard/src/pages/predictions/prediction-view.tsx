import type { DecisionStep, PredictionDetail } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import { Boxes, Copy, GitFork, Link2, Split, Waypoints } from 'lucide-react';
import type { ReactNode } from 'react';
import { useGetStatusQuery } from '../../api/api.ts';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatLabel } from '../../format/answer.ts';
import { formatCount, formatInstant, formatMicros, formatNumber, formatPercent } from '../../format/format.ts';
import { useTimeRange } from '../../time/use-time-range.tsx';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { notify } from '../../ui/notify.tsx';
import { curlOfPrediction } from '../endpoints/curl.ts';
import { AnswerCell, AnswerText, OutcomeCell } from './prediction-cells.tsx';
import styles from './prediction-view.module.css';
import { timingParts } from './timings.ts';

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
      <Section title="Decision">
        <Decision prediction={prediction} />
      </Section>
      <Section title="Time" note={formatMicros(prediction.totalMicros)}>
        <Timings prediction={prediction} />
      </Section>
      <Section title="Members" note={formatCount(prediction.members.length)}>
        <Members prediction={prediction} />
      </Section>
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

function Section(props: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={props.title}>
      <h3>
        {props.title} {props.note !== undefined && <span>{props.note}</span>}
      </h3>
      {props.children}
    </section>
  );
}

const STEP_ICONS: Record<string, typeof Split> = { split: Split, rules: GitFork, model: Boxes };

function Decision(props: { prediction: PredictionDetail }) {
  const { prediction } = props;
  const color = useModelColor();
  return (
    <>
      <ol className={styles.track}>
        <Stop icon={<Waypoints size={13} />}>
          <Link to="/endpoints/$endpoint" params={{ endpoint: prediction.endpoint }}>
            {prediction.endpoint}
          </Link>
          <span className={styles.faint}>revision {prediction.revision}</span>
        </Stop>
        {prediction.decision.map((step) => {
          const Icon = STEP_ICONS[step.kind] ?? Split;
          return (
            <Stop key={`${step.node} ${step.kind}`} icon={<Icon size={13} />}>
              <b>{step.chosen}</b>
              <span className={styles.faint}>{stepText(step)}</span>
              {step.probabilities !== undefined && <Probabilities step={step} />}
            </Stop>
          );
        })}
        <Stop icon={<Boxes size={13} />}>
          {prediction.model === '' ? (
            <span className={styles.faint}>no model answered</span>
          ) : (
            <>
              <Swatch color={color(prediction.model)} />
              <Link to="/models/$model" params={{ model: prediction.model }}>
                {prediction.model}
              </Link>
              <span className={styles.faint}>version {prediction.version}</span>
            </>
          )}
        </Stop>
      </ol>
      <p className={styles.faint}>Probability of this whole path: {formatPercent(prediction.propensity, 2)}</p>
    </>
  );
}

function stepText(step: DecisionStep): string {
  const parts = [
    step.kind === 'rules'
      ? step.reason === undefined
        ? 'by rule'
        : `because ${step.reason}`
      : step.kind === 'split'
        ? 'by split'
        : step.kind,
    step.kind !== 'rules' && step.reason !== undefined ? step.reason : '',
    step.bucket === undefined ? '' : `bucket ${formatCount(step.bucket)} of 1,000,000`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function Probabilities(props: { step: DecisionStep }) {
  return (
    <ul className={styles.probabilities}>
      {Object.entries(props.step.probabilities ?? {}).map(([arm, probability]) => (
        <li key={arm} data-chosen={arm === props.step.chosen || undefined}>
          <span>{arm}</span>
          <span className={styles.bar} aria-hidden="true">
            <i style={{ width: `${probability * 100}%` }} />
          </span>
          <span>{formatPercent(probability)}</span>
        </li>
      ))}
    </ul>
  );
}

function Stop(props: { icon: ReactNode; children: ReactNode }) {
  return (
    <li className={styles.stop}>
      <span className={styles.stopIcon} aria-hidden="true">
        {props.icon}
      </span>
      <div>{props.children}</div>
    </li>
  );
}

function Timings(props: { prediction: PredictionDetail }) {
  const parts = timingParts(props.prediction);
  return (
    <>
      <div className={styles.timing} aria-hidden="true">
        {parts.map((part) => (
          <i key={part.name} data-part={part.name} style={{ width: `${part.share * 100}%` }} />
        ))}
      </div>
      <ul className={styles.timingLegend}>
        {parts.map((part) => (
          <li key={part.name}>
            <i data-part={part.name} aria-hidden="true" />
            {part.label} <b>{formatMicros(part.micros)}</b>
          </li>
        ))}
      </ul>
      {props.prediction.batchRows > 1 && (
        <p className={styles.faint}>Answered together with {formatCount(props.prediction.batchRows - 1)} other rows.</p>
      )}
    </>
  );
}

function Members(props: { prediction: PredictionDetail }) {
  const color = useModelColor();
  if (props.prediction.members.length === 0) {
    return (
      <p className={styles.faint}>
        {props.prediction.model === ''
          ? 'No model ran.'
          : `None besides ${props.prediction.model}, which answered alone.`}
      </p>
    );
  }
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Role</th>
          <th scope="col">Answer</th>
          <th scope="col" data-right>
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {props.prediction.members.map((member) => (
          <tr key={`${member.role} ${member.name} ${member.model}`}>
            <td>
              <span className={styles.member}>
                <Swatch color={color(member.model)} />
                {member.model} v{member.version}
              </span>
            </td>
            <td>{member.role}</td>
            <td>
              {member.answer === undefined ? (
                <Badge tone="bad">{member.error ?? 'no answer'}</Badge>
              ) : (
                <AnswerText answer={member.answer} />
              )}
            </td>
            <td data-right>{formatMicros(member.modelMicros)}</td>
          </tr>
        ))}
      </tbody>
    </table>
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
