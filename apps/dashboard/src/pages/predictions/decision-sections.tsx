import type { DecisionStep, Member, PredictionDetail } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import { Split, Users, Waypoints } from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import { useModelColor } from '../../charts/use-entity-colors.ts';
import { formatCount, formatMicros, formatPercent, plural } from '../../format/format.ts';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { KIND_ICONS } from '../endpoints/kind-icons.ts';
import { AnswerText } from './prediction-cells.tsx';
import styles from './prediction-view.module.css';
import { isCombined, ROLES, stepText } from './step-text.ts';
import { timingParts } from './timings.ts';

/** How one prediction was decided, what that took, and who else was asked. */
export function DecisionSections(props: { prediction: PredictionDetail }) {
  const { prediction } = props;
  return (
    <>
      <Section title="Decision">
        <Decision prediction={prediction} />
      </Section>
      <Section title="Time" note={formatMicros(prediction.totalMicros)}>
        <Timings prediction={prediction} />
      </Section>
      <Section title="Members" note={formatCount(prediction.members.length)}>
        <Members prediction={prediction} />
      </Section>
    </>
  );
}

export function Section(props: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={props.title}>
      <h3>
        {props.title} {props.note !== undefined && <span>{props.note}</span>}
      </h3>
      {props.children}
    </section>
  );
}

const ICONS: Partial<Record<string, typeof Split>> = KIND_ICONS;

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
          const Icon = ICONS[step.kind] ?? Split;
          return (
            <Stop key={`${step.node} ${step.kind}`} icon={<Icon size={13} />}>
              <b>{step.kind === 'ensemble' ? step.chosen.replaceAll('_', ' ') : step.chosen}</b>
              <span className={styles.faint}>{stepText(step)}</span>
              {step.node !== '' && <code className={styles.where}>{step.node}</code>}
              {step.probabilities !== undefined && <Probabilities step={step} />}
            </Stop>
          );
        })}
        <Stop icon={isCombined(prediction) ? <Users size={13} /> : <KIND_ICONS.model size={13} />}>
          {prediction.model === '' ? (
            <span className={styles.faint}>no model answered</span>
          ) : isCombined(prediction) ? (
            <>
              <b>combined</b>
              <span className={styles.faint}>{combinedText(prediction.members)}</span>
            </>
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

/** "the answers of 2 of 3 members" */
function combinedText(members: readonly Member[]): string {
  // Members of a member have its name before their own.
  const own = members.filter(({ role, name }) => role === 'member' && !name.includes('/'));
  const answered = own.filter(({ error }) => error === undefined).length;
  return answered === own.length
    ? `from the answers of ${plural(own.length, 'member')}`
    : `from the answers of ${answered} of ${plural(own.length, 'member')}`;
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

/** Grouped by why they were asked. */
function Members(props: { prediction: PredictionDetail }) {
  const { members, model } = props.prediction;
  if (members.length === 0) {
    return (
      <p className={styles.faint}>{model === '' ? 'No model ran.' : `None besides ${model}, which answered alone.`}</p>
    );
  }
  const slowest = Math.max(1, ...members.map(({ modelMicros }) => modelMicros));
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Model</th>
          <th scope="col">Answer</th>
          <th scope="col" data-right>
            Time
          </th>
        </tr>
      </thead>
      {ROLES.map(({ role, title, note }) => {
        const own = members.filter((member) => member.role === role);
        if (own.length === 0) return null;
        return (
          <tbody key={role}>
            <tr>
              <th scope="rowgroup" colSpan={4} className={styles.role}>
                {title} <span>{note}</span>
              </th>
            </tr>
            {own.map((member, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the same target may have been asked several times
              <Fragment key={index}>
                <MemberRow member={member} share={member.modelMicros / slowest} />
              </Fragment>
            ))}
          </tbody>
        );
      })}
    </table>
  );
}

function MemberRow(props: { member: Member; share: number }) {
  const { member } = props;
  const color = useModelColor();
  return (
    <tr>
      <td>{member.name}</td>
      <td>
        {isCombined(member) ? (
          <span className={styles.faint}>combined</span>
        ) : (
          <span className={styles.member}>
            <Swatch color={color(member.model)} />
            {member.model} v{member.version}
          </span>
        )}
      </td>
      <td>
        {member.answer !== undefined && <AnswerText answer={member.answer} />}{' '}
        {member.error !== undefined ? (
          <Badge tone="bad">{member.error}</Badge>
        ) : (
          member.answer === undefined && <Badge tone="bad">no answer</Badge>
        )}
      </td>
      <td data-right>
        {formatMicros(member.modelMicros)}
        <span className={styles.took} aria-hidden="true">
          <i style={{ width: `${props.share * 100}%` }} />
        </span>
      </td>
    </tr>
  );
}
