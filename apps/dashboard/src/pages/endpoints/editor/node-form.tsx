import type { Policy, PolicyKind } from '@switchyard/contracts';
import { ArrowDown, ArrowUp, Equal, Layers, Plus, Trash2 } from 'lucide-react';
import { formatPercent } from '../../../format/format.ts';
import { BRANCH_LISTS, branchesOf, joinField, type PolicyBranch } from '../../../policy/branches.ts';
import { describeNode } from '../../../policy/describe.ts';
import {
  addBranch,
  branchNoun,
  changeKind,
  moveBranch,
  normalise,
  removeBranch,
  wrapIn,
} from '../../../policy/edit.ts';
import { BRANCH_PARAMETERS, KIND_LABELS, NODE_PARAMETERS } from '../../../policy/parameters.ts';
import { Button, IconButton } from '../../../ui/button.tsx';
import { Select, TextInput } from '../../../ui/field.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { KIND_ICONS } from '../kind-icons.ts';
import styles from './editor.module.css';
import { useForm, useProblemAt } from './form-context.ts';
import { ModelReference } from './model-reference.tsx';
import { ParameterField } from './parameter-field.tsx';

const KINDS = Object.keys(KIND_LABELS) as PolicyKind[];
/** Smallest number of named branches that a kind can have. */
const LEAST: Partial<Record<PolicyKind, number>> = { bandit: 2, cascade: 2 };

/** A node, its parameters and all that is below it. `name` is how people call the place where it stands. */
export function NodeForm(props: { node: Policy; field: string; name: string }) {
  const { node, field, name } = props;
  const { set } = useForm();
  const error = useProblemAt(field);
  const kindError = useProblemAt(joinField(field, 'kind'));
  const Icon = KIND_ICONS[node.kind];
  const parameters = NODE_PARAMETERS[node.kind];
  return (
    <fieldset className={styles.node} data-field={field}>
      <legend className="visually-hidden">{`node ${name}`}</legend>
      <div className={styles.head}>
        <span className={styles.icon} aria-hidden="true">
          <Icon size={13} />
        </span>
        <div className={styles.kind}>
          <Select
            label={`Kind of ${name}`}
            hideLabel
            error={kindError}
            data-field={joinField(field, 'kind')}
            value={node.kind}
            options={KINDS.map((kind) => ({ value: kind, label: KIND_LABELS[kind] }))}
            onChange={({ target }) => set(field, changeKind(node, target.value as PolicyKind))}
          />
        </div>
        {node.kind === 'model' ? (
          <ModelReference label="Model" field={field} value={node} isLeaf />
        ) : (
          <p className={styles.does}>
            {describeNode(node).does}
            {node.kind === 'rules' && '; conditions are CEL over features, segment, unit and context'}
          </p>
        )}
        <Menu
          label="Put it inside a new"
          target={<IconButton label={`Wrap ${name}`} icon={<Layers size={14} aria-hidden="true" />} />}
          items={KINDS.filter((kind) => kind !== 'model').map((kind) => ({
            key: kind,
            label: KIND_LABELS[kind],
            onSelect: () => set(field, wrapIn(node, kind)),
          }))}
        />
      </div>
      {error !== undefined && node.kind !== 'model' && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
      {parameters.length > 0 && (
        <div className={styles.parameters}>
          {parameters.map((parameter) => (
            <ParameterField key={parameter.key} parameter={parameter} node={node} nodeField={field} place={field} />
          ))}
        </div>
      )}
      {node.kind !== 'model' && <Branches node={node} field={field} name={name} />}
    </fieldset>
  );
}

function Branches(props: { node: Exclude<Policy, { kind: 'model' }>; field: string; name: string }) {
  const { node, field, name } = props;
  const { set } = useForm();
  const list = BRANCH_LISTS[node.kind];
  const noun = branchNoun(node.kind);
  const branches = branchesOf(node);
  const named = branches.filter((branch) => branch.index !== null).length;
  const error = useProblemAt(joinField(field, list));
  return (
    <>
      <ul className={styles.branches}>
        {branches.map((branch) => (
          <BranchForm
            key={branch.field}
            node={node}
            nodeField={field}
            branch={branch}
            count={named}
            canRemove={named > (LEAST[node.kind] ?? 1)}
          />
        ))}
      </ul>
      <div className={styles.foot}>
        <Button size="small" icon={<Plus size={13} aria-hidden="true" />} onClick={() => set(field, addBranch(node))}>
          Add {/^[aeiou]/.test(noun) ? 'an' : 'a'} {noun}
          <span className="visually-hidden"> to {name}</span>
        </Button>
        {node.kind === 'split' && <Sum arms={node.arms} field={joinField(field, 'arms')} name={name} />}
      </div>
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </>
  );
}

function Sum(props: {
  arms: readonly { name: string; weight: number; policy: Policy }[];
  field: string;
  name: string;
}) {
  const { set } = useForm();
  const sum = props.arms.reduce((total, { weight }) => total + (typeof weight === 'number' ? weight : 0), 0);
  const missing = 1 - sum;
  const isRight = Math.abs(missing) <= 1e-9;
  return (
    <p className={styles.sum} data-right={isRight || undefined}>
      <output>
        Sum {formatPercent(sum, 4)}
        {!isRight && `: ${formatPercent(Math.abs(missing), 4)} ${missing > 0 ? 'missing' : 'too much'}`}
      </output>
      <Button
        size="small"
        icon={<Equal size={13} aria-hidden="true" />}
        disabled={isRight}
        onClick={() => set(props.field, normalise(props.arms))}
      >
        Normalise<span className="visually-hidden"> the weights of {props.name}</span>
      </Button>
    </p>
  );
}

function BranchForm(props: {
  node: Exclude<Policy, { kind: 'model' }>;
  nodeField: string;
  branch: PolicyBranch;
  count: number;
  canRemove: boolean;
}) {
  const { node, nodeField, branch, count } = props;
  const { set } = useForm();
  const noun = branchNoun(node.kind);
  const childField = joinField(nodeField, branch.field);
  const place = joinField(nodeField, branch.field.slice(0, branch.field.lastIndexOf('.')));
  const nameField = joinField(place, 'name');
  const error = useProblemAt(nameField);
  const index = branch.index;
  const called = branch.name === '' ? `${noun} ${(index ?? 0) + 1}` : branch.name;
  return (
    <li className={styles.branch}>
      {index === null ? (
        <p className={styles.fixed}>
          <b>{branch.name}</b> {branch.name === 'primary' ? 'answers' : 'when no rule holds'}
        </p>
      ) : (
        <fieldset className={styles.arm}>
          <legend className="visually-hidden">{`${noun} ${called}`}</legend>
          <div className={styles.name}>
            <TextInput
              label="Name"
              error={error}
              data-field={nameField}
              value={branch.name}
              onChange={({ target }) => set(nameField, target.value)}
            />
          </div>
          {BRANCH_PARAMETERS[node.kind].map((parameter) => (
            <ParameterField key={parameter.key} parameter={parameter} node={node} nodeField={nodeField} place={place} />
          ))}
          <div className={styles.actions}>
            <IconButton
              label={`Move ${called} up`}
              icon={<ArrowUp size={14} aria-hidden="true" />}
              disabled={index === 0}
              onClick={() => set(nodeField, moveBranch(node, index, -1))}
            />
            <IconButton
              label={`Move ${called} down`}
              icon={<ArrowDown size={14} aria-hidden="true" />}
              disabled={index === count - 1}
              onClick={() => set(nodeField, moveBranch(node, index, 1))}
            />
            <IconButton
              label={`Remove ${called}`}
              icon={<Trash2 size={14} aria-hidden="true" />}
              disabled={!props.canRemove}
              onClick={() => set(nodeField, removeBranch(node, index))}
            />
          </div>
        </fieldset>
      )}
      <NodeForm node={branch.policy} field={childField} name={called} />
    </li>
  );
}
