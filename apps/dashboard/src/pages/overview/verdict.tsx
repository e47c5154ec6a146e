import { Link } from '@tanstack/react-router';
import { ArrowRight, CircleCheck, CircleDashed, CircleX, Loader, TriangleAlert } from 'lucide-react';
import type { Finding, HealthLevel, Verdict as HealthVerdict } from '../../health/judge-health.ts';
import styles from './verdict.module.css';

const ICONS = {
  healthy: CircleCheck,
  idle: CircleDashed,
  degraded: TriangleAlert,
  critical: CircleX,
  unknown: Loader,
} as const satisfies Record<HealthLevel, unknown>;

/** The answer to the question of the page, its reason, what to do next, and what else was found. */
export function Verdict(props: { verdict: HealthVerdict }) {
  const { verdict } = props;
  const Icon = ICONS[verdict.level];
  return (
    <section
      className={styles.verdict}
      data-level={verdict.level}
      aria-label="Is everything healthy?"
      aria-live="polite"
    >
      <Icon size={22} className={styles.icon} aria-hidden="true" />
      <div className={styles.words}>
        <p className={styles.sentence}>{verdict.sentence}</p>
        <p className={styles.reason}>{verdict.reason}</p>
        {verdict.others.length > 0 && (
          <ul className={styles.others}>
            {verdict.others.slice(0, 4).map((finding) => (
              <li key={finding.sentence}>
                <b>{finding.sentence}</b> {finding.reason} <Action finding={finding} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <Action finding={verdict} prominent />
    </section>
  );
}

function Action(props: { finding: Finding; prominent?: boolean }) {
  const { action } = props.finding;
  if (action === undefined) return null;
  return (
    <Link
      to={action.to}
      search={(action.search ?? {}) as never}
      className={props.prominent === true ? styles.action : undefined}
    >
      {action.label}
      {props.prominent === true && <ArrowRight size={14} aria-hidden="true" />}
    </Link>
  );
}
