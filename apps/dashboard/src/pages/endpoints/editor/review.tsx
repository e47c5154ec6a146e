import type { EndpointRevision } from '@switchyard/contracts';
import { CircleAlert, CircleCheck, Rocket } from 'lucide-react';
import { useState } from 'react';
import { useGetEndpointTrafficQuery, usePutEndpointMutation } from '../../../api/api.ts';
import { changedWhat, shareOfChange } from '../../../deploy/change.ts';
import { PublishFailure } from '../../../deploy/publish-failure.tsx';
import { useInsistence } from '../../../deploy/use-insistence.ts';
import { useUndoable } from '../../../deploy/use-undoable.tsx';
import { useAuthor, WhoAndWhy } from '../../../deploy/who-and-why.tsx';
import { formatPercent, plural } from '../../../format/format.ts';
import { documentOf, placeInDocument, publishedOf } from '../../../policy/document.ts';
import { useTimeRange } from '../../../time/use-time-range.tsx';
import { Button } from '../../../ui/button.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { Failed } from '../../../ui/query-view.tsx';
import styles from './editor.module.css';
import { JsonDiff } from './json-diff.tsx';
import type { Draft } from './use-draft.ts';
import type { Checked } from './use-problems.ts';

/** What is wrong, what would change, and why: all that comes before publishing. */
export function Review(props: {
  live: EndpointRevision | null;
  draft: Draft;
  checked: Checked;
  onJump: (field: string) => void;
  onPublished: (published: EndpointRevision) => void;
}) {
  const { draft, checked } = props;
  return (
    <div className={styles.review}>
      <Panel title="Check" aside={<Verdict draft={draft} checked={checked} />}>
        <Problems {...props} />
        {checked.error !== undefined && <Failed error={checked.error} retry={checked.retry} />}
        {draft.mergeConflicts.length > 0 && (
          <div className={styles.merged}>
            Both sides had changed this; yours is kept:
            <ul>
              {draft.mergeConflicts.map((field) => (
                <li key={field}>
                  <button type="button" className={styles.link} onClick={() => props.onJump(field)}>
                    {placeInDocument(draft.document, field)}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        )}
      </Panel>
      <Panel title="What will change" className={styles.scrolls}>
        <WhatChanges {...props} />
      </Panel>
      <Publish {...props} />
    </div>
  );
}

function Verdict(props: { draft: Draft; checked: Checked }) {
  const { draft, checked } = props;
  const text =
    draft.parseError !== null
      ? 'no JSON'
      : checked.error !== undefined
        ? 'could not be checked'
        : checked.problems.length > 0
          ? plural(checked.problems.length, 'problem')
          : checked.isUnnamed
            ? 'needs a name'
            : checked.isChecking
              ? 'checking…'
              : 'can be served';
  const isBad = draft.parseError !== null || checked.problems.length > 0 || checked.error !== undefined;
  const isOpen = checked.isChecking || checked.isUnnamed;
  return (
    <output className={styles.verdict} data-tone={isBad ? 'bad' : isOpen ? 'busy' : 'good'}>
      {isBad ? <CircleAlert size={14} aria-hidden="true" /> : !isOpen && <CircleCheck size={14} aria-hidden="true" />}
      {text}
    </output>
  );
}

function Problems(props: { draft: Draft; checked: Checked; onJump: (field: string) => void }) {
  const { draft, checked } = props;
  if (draft.parseError !== null)
    return <p className={styles.faint}>The last draft that was JSON is kept until this one is.</p>;
  if (checked.problems.length === 0) {
    return (
      <p className={styles.faint}>
        {checked.isChecking || checked.isUnnamed
          ? 'The shape is checked here, the models and conditions by the control plane.'
          : 'Every model is there, every condition can be read, and all answer the same task.'}
      </p>
    );
  }
  return (
    <ul className={styles.problems} aria-label="Problems">
      {checked.problems.map((problem) => (
        <li key={`${problem.field} ${problem.detail}`}>
          <button type="button" className={styles.link} onClick={() => props.onJump(problem.field)}>
            {placeInDocument(draft.document, problem.field)}
          </button>{' '}
          <span>{problem.detail}</span>
        </li>
      ))}
    </ul>
  );
}

function WhatChanges(props: { live: EndpointRevision | null; draft: Draft; checked: Checked }) {
  const { live, draft, checked } = props;
  const { from, to } = useTimeRange();
  const traffic = useGetEndpointTrafficQuery(
    { params: { endpoint: draft.name }, query: { from, to } },
    { skip: live === null },
  ).data;
  if (!draft.isChanged) return <p className={styles.faint}>Nothing yet: the draft is what is live.</p>;
  const { changes } = checked;
  return (
    <>
      {changes === undefined ? (
        <p className={styles.faint}>
          {checked.isUnnamed ? 'Told once it has a name.' : 'Told once the draft has the right shape.'}
        </p>
      ) : changes.length === 0 ? (
        <p className={styles.faint}>Nothing: the draft serves what is live.</p>
      ) : (
        <ul className={styles.changes} aria-label="Changes" aria-busy={checked.isChecking}>
          {changes.map((change) => (
            <li key={change.path}>
              <p>
                <b>{changedWhat(change.path)}</b>
                {traffic !== undefined && shareOfChange(traffic, change.path) !== null && change.before !== null && (
                  <span>{formatPercent(shareOfChange(traffic, change.path))} of traffic</span>
                )}
              </p>
              {change.before !== null && <del>{change.before}</del>}
              {change.after === null ? <em>is removed</em> : <ins>{change.after}</ins>}
            </li>
          ))}
        </ul>
      )}
      {draft.parseError === null && live !== null && (
        <details className={styles.asJson}>
          <summary>As JSON</summary>
          <JsonDiff before={documentOf(live)} after={draft.document} label="What will change, as JSON" />
        </details>
      )}
    </>
  );
}

function Publish(props: {
  live: EndpointRevision | null;
  draft: Draft;
  checked: Checked;
  onPublished: (published: EndpointRevision) => void;
}) {
  const { live, draft, checked } = props;
  const author = useAuthor();
  const [note, setNote] = useState('');
  // The draft that was sent: what was said of it is not insisted on for another.
  const [sent, setSent] = useState<{ readonly name: string; readonly document: unknown }>();
  const [publish, publishing] = usePutEndpointMutation();
  const said = useUndoable();
  const isSent = sent?.name === draft.name && sent.document === draft.document;
  const error = isSent && !draft.isBehind ? publishing.error : undefined;
  const insistence = useInsistence(error);
  const send = async () => {
    setSent({ name: draft.name, document: draft.document });
    const result = await publish({
      params: { endpoint: draft.name },
      body: {
        ...(publishedOf(draft.document) as { policy: never }),
        baseRevision: draft.baseRevision,
        note: note.trim(),
        author,
        ...(insistence.isGiven ? { force: true } : {}),
      },
    });
    if (result.data === undefined) return;
    draft.drop();
    const { endpoint, revision } = result.data;
    said(
      result.data,
      live?.revision ?? null,
      live === null ? `Endpoint ${endpoint} is there.` : `Revision ${revision} of ${endpoint} is published.`,
    );
    props.onPublished(result.data);
  };
  return (
    <Panel title="Publish">
      <form
        className={styles.publish}
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <WhoAndWhy note={note} onNote={setNote} />
        <PublishFailure error={error} insistence={insistence} />
        <div className={styles.choices}>
          <Button
            kind={insistence.isOffered ? 'danger' : 'primary'}
            type="submit"
            icon={<Rocket size={14} aria-hidden="true" />}
            busy={publishing.isLoading}
            disabled={
              !checked.canPublish || !draft.isChanged || draft.isBehind || (insistence.isOffered && !insistence.isGiven)
            }
          >
            {insistence.isOffered ? 'Publish all the same' : 'Publish'}
          </Button>
          <Button kind="quiet" disabled={!draft.isChanged} onClick={draft.drop}>
            Discard the draft
          </Button>
        </div>
        {!insistence.isOffered && (
          <p className={styles.faint}>
            {live === null
              ? 'Clients can call it within seconds.'
              : 'Gateways take it over within seconds, without a failed request.'}
          </p>
        )}
      </form>
    </Panel>
  );
}
