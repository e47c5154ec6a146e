import type { Policy } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import { Boxes, GitFork, Split } from 'lucide-react';
import type { ReactNode } from 'react';
import { leafLabel } from '../../deploy/policy-change.ts';
import { formatPercent } from '../../format/format.ts';
import { Badge, Swatch } from '../../ui/badge.tsx';
import styles from './policy-tree.module.css';

interface TreeContext {
  /** Share of the traffic that took a path or went below it; null when it is not known. */
  readonly share: (path: string) => number | null;
  readonly color: (model: string) => string;
}

/** A policy as tracks: each branch leaves the line it comes from, with the condition or the weight that takes it. */
export function PolicyTree(props: { policy: Policy } & TreeContext) {
  return (
    <div className={styles.tree}>
      <Node policy={props.policy} path={[]} context={props} />
    </div>
  );
}

function Node(props: { policy: Policy; path: readonly string[]; context: TreeContext }) {
  const { policy, path, context } = props;
  switch (policy.kind) {
    case 'model':
      return (
        <Station icon={<Boxes size={14} />} kind="model">
          <Swatch color={context.color(policy.model)} />
          <Link to="/models/$model" params={{ model: policy.model }}>
            {leafLabel(policy)}
          </Link>
        </Station>
      );
    case 'split':
      return (
        <>
          <Station icon={<Split size={14} />} kind="split">
            split by unit
            {policy.experiment !== undefined && <Badge tone="accent">experiment {policy.experiment}</Badge>}
          </Station>
          <ul className={styles.branches}>
            {policy.arms.map((arm) => (
              <Branch
                key={arm.name}
                name={arm.name}
                condition={<>weight {formatPercent(arm.weight)}</>}
                path={[...path, arm.name]}
                context={context}
                expected={arm.weight}
              >
                <Node policy={arm.policy} path={[...path, arm.name]} context={context} />
              </Branch>
            ))}
          </ul>
        </>
      );
    case 'rules':
      return (
        <>
          <Station icon={<GitFork size={14} />} kind="rules">
            first rule that holds
          </Station>
          <ul className={styles.branches}>
            {policy.rules.map((rule) => (
              <Branch
                key={rule.name}
                name={rule.name}
                condition={
                  <>
                    when <code>{rule.when}</code>
                  </>
                }
                path={[...path, rule.name]}
                context={context}
              >
                <Node policy={rule.policy} path={[...path, rule.name]} context={context} />
              </Branch>
            ))}
            <Branch name="otherwise" condition="no rule holds" path={[...path, 'otherwise']} context={context}>
              <Node policy={policy.otherwise} path={[...path, 'otherwise']} context={context} />
            </Branch>
          </ul>
        </>
      );
  }
}

function Station(props: { icon: ReactNode; kind: string; children: ReactNode }) {
  return (
    <div className={styles.station} data-kind={props.kind}>
      <span className={styles.icon} aria-hidden="true">
        {props.icon}
      </span>
      {props.children}
    </div>
  );
}

function Branch(props: {
  name: string;
  condition: ReactNode;
  path: readonly string[];
  context: TreeContext;
  expected?: number;
  children: ReactNode;
}) {
  const share = props.context.share(props.path.join('/'));
  return (
    <li className={styles.branch}>
      <div className={styles.arm}>
        <b>{props.name}</b>
        <span className={styles.condition}>{props.condition}</span>
        {share !== null && (
          <span className={styles.share} title="share of the endpoint's predictions in the range">
            <span className={styles.bar} aria-hidden="true">
              <i style={{ width: `${Math.max(1, share * 100)}%` }} />
            </span>
            {formatPercent(share)}
            <span className="visually-hidden"> of traffic</span>
          </span>
        )}
      </div>
      {props.children}
    </li>
  );
}
