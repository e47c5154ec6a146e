import type { EndpointTraffic, ModelNode, PlatformStatus, Policy } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { leafLabel } from '../../deploy/policy-change.ts';
import { branchesOf, joinField, type PolicyBranch } from '../../policy/branches.ts';
import { describeBranch, describeNode, runsBeside } from '../../policy/describe.ts';
import { leafHealth } from '../../policy/leaf-health.ts';
import { KIND_LABELS } from '../../policy/parameters.ts';
import { Badge, Swatch } from '../../ui/badge.tsx';
import { BranchStats, MemberStats } from './branch-stats.tsx';
import { KIND_ICONS } from './kind-icons.ts';
import styles from './policy-tree.module.css';

export interface TreeContext {
  /** undefined: not known (yet); nothing is shown instead of zeros. */
  readonly traffic: EndpointTraffic | undefined;
  readonly status: PlatformStatus | undefined;
  readonly color: (model: string) => string;
  /** The version that an alias means now. */
  readonly versionOf: (node: Pick<ModelNode, 'model' | 'version' | 'alias'>) => string | undefined;
}

/** A policy as tracks: each branch leaves the line it comes from, with what takes a request there and what went there. */
export function PolicyTree(props: { policy: Policy } & TreeContext) {
  const { policy, ...context } = props;
  return (
    <div className={styles.tree}>
      <div className={styles.heads} aria-hidden="true">
        <span>Share</span>
        <span>Requests</span>
        <span>Errors</span>
        <span data-wide>Mean</span>
        <span data-wide>p95</span>
      </div>
      <div className={styles.row}>
        <Station policy={policy} context={context} />
        <BranchStats traffic={context.traffic} path="" name="all requests" />
      </div>
      <Branches policy={policy} path="" field="" isBeside={false} context={context} />
    </div>
  );
}

function Branches(props: {
  policy: Policy;
  path: string;
  field: string;
  /** Of an ensemble or a shadow above: no path of the log ends in here. */
  isBeside: boolean;
  context: TreeContext;
}) {
  const { policy, context } = props;
  const branches = branchesOf(policy, props.path);
  if (branches.length === 0) return null;
  return (
    <ul className={styles.branches}>
      {branches.map((branch) => {
        const beside = props.isBeside || runsBeside(policy, branch);
        return (
          <li key={branch.field} className={styles.branch} data-beside={beside || undefined}>
            <div className={styles.row}>
              <div className={styles.what}>
                <Condition parent={policy} branch={branch} />
                <Station policy={branch.policy} context={context} />
              </div>
              {beside ? (
                <MemberOf branch={branch} context={context} />
              ) : (
                <BranchStats traffic={context.traffic} path={branch.path} name={branch.name} />
              )}
            </div>
            <Branches
              policy={branch.policy}
              path={branch.path}
              field={joinField(props.field, branch.field)}
              isBeside={beside}
              context={context}
            />
          </li>
        );
      })}
    </ul>
  );
}

function Condition(props: { parent: Policy; branch: PolicyBranch }) {
  const { text, when } = describeBranch(props.parent, props.branch);
  return (
    <p className={styles.arm}>
      <b>{props.branch.name}</b>
      <span className={styles.condition}>
        {text} {when !== undefined && <code>{when}</code>}
      </span>
    </p>
  );
}

function MemberOf(props: { branch: PolicyBranch; context: TreeContext }) {
  const { branch, context } = props;
  if (branch.policy.kind !== 'model') return null;
  return (
    <MemberStats
      traffic={context.traffic}
      path={branch.path}
      model={branch.policy.model}
      version={context.versionOf(branch.policy)}
    />
  );
}

function Station(props: { policy: Policy; context: TreeContext }) {
  const { policy, context } = props;
  const Icon = KIND_ICONS[policy.kind];
  const { does, facts } = describeNode(policy);
  return (
    <div className={styles.station} data-kind={policy.kind}>
      <span className={styles.icon} aria-hidden="true">
        <Icon size={13} />
      </span>
      <div className={styles.node}>
        {policy.kind === 'model' ? (
          <ModelLine node={policy} context={context} />
        ) : (
          <p className={styles.line}>
            <b>{KIND_LABELS[policy.kind]}</b>
            <span>{does}</span>
            {'experiment' in policy && policy.experiment !== undefined && (
              <Badge tone="accent">experiment {policy.experiment}</Badge>
            )}
          </p>
        )}
        {policy.kind === 'ensemble' && policy.meta !== undefined && (
          <p className={styles.line}>
            <span>meta-model</span>
            <ModelLine node={policy.meta} context={context} />
          </p>
        )}
        {facts.length > 0 && <p className={styles.facts}>{facts.join(' · ')}</p>}
      </div>
    </div>
  );
}

function ModelLine(props: { node: Pick<ModelNode, 'model' | 'version' | 'alias'>; context: TreeContext }): ReactNode {
  const { node, context } = props;
  const version = context.versionOf(node);
  const health =
    context.status === undefined || version === undefined ? null : leafHealth(context.status, node.model, version);
  return (
    <span className={styles.line}>
      <Swatch color={context.color(node.model)} />
      <Link to="/models/$model" params={{ model: node.model }}>
        {leafLabel(node)}
      </Link>
      {node.alias !== undefined && (
        <span>{version === undefined ? 'means no version' : `means version ${version} now`}</span>
      )}
      {health !== null && (
        <Badge tone={health.tone} dot>
          {health.label}
        </Badge>
      )}
      {health?.detail != null && (
        <span className={styles.detail} data-tone={health.tone} title={health.detail}>
          {health.detail}
        </span>
      )}
    </span>
  );
}
