import type { EndpointRevision } from '@switchyard/contracts';
import { GitMerge, TriangleAlert } from 'lucide-react';
import { formatAgo } from '../../../format/format.ts';
import { documentOf } from '../../../policy/document.ts';
import { Button } from '../../../ui/button.tsx';
import styles from './editor.module.css';
import { JsonDiff } from './json-diff.tsx';
import type { Draft } from './use-draft.ts';

/** Somebody published while this draft was made: what they did, and the two ways to go on. */
export function Conflict(props: { live: EndpointRevision; draft: Draft }) {
  const { draft, live } = props;
  return (
    <section className={styles.conflict} aria-label="Published meanwhile" role="alert">
      <TriangleAlert size={16} aria-hidden="true" />
      <div>
        <p>
          <b>
            Revision {live.revision} was published {formatAgo(live.createdAt, Date.now())}
            {live.author !== '' && ` by ${live.author}`}
          </b>
          , while this draft was made from revision {draft.baseRevision}.
          {live.note !== '' && ` Their reason: ${live.note}`}
        </p>
        <details>
          <summary>What they changed</summary>
          <JsonDiff before={draft.base} after={documentOf(live)} label="What they changed, as JSON" />
        </details>
        <div className={styles.choices}>
          <Button size="small" icon={<GitMerge size={13} aria-hidden="true" />} onClick={draft.rebase}>
            Put my changes on top of revision {live.revision}
          </Button>
          <Button size="small" kind="quiet" onClick={draft.drop}>
            Drop mine
          </Button>
        </div>
      </div>
    </section>
  );
}
