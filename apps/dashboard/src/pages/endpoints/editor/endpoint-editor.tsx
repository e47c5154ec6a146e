import type { Endpoint, EndpointRevision } from '@switchyard/contracts';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import { useListModelsQuery } from '../../../api/api.ts';
import { policyOf } from '../../../policy/document.ts';
import { withValueAt } from '../../../policy/edit.ts';
import { lineOfField } from '../../../policy/locate-field.ts';
import { Panel } from '../../../ui/panel.tsx';
import { Empty, QueryView, SkeletonRows } from '../../../ui/query-view.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { Conflict } from './conflict.tsx';
import styles from './editor.module.css';
import { FormProvider } from './form-context.ts';
import { JsonEditor } from './json-editor.tsx';
import { NodeForm } from './node-form.tsx';
import { Review } from './review.tsx';
import { SettingsForm } from './settings-form.tsx';
import { type Draft, useDraft } from './use-draft.ts';
import { type Checked, useProblems } from './use-problems.ts';

type View = 'form' | 'json';

/** One draft of an endpoint that is there. */
export function EndpointEditor(props: { endpoint: Endpoint; onPublished: () => void }) {
  const { name, live } = props.endpoint;
  const draft = useDraft(name, live);
  const checked = useProblems(draft, false);
  return (
    <DraftEditor
      draft={draft}
      checked={checked}
      live={live}
      above={draft.isBehind && <Conflict live={live} draft={draft} />}
      onPublished={props.onPublished}
    />
  );
}

/**
 * A draft of a policy and settings, as a form or as JSON; checked as it is typed, compared with what is live, then
 * published.
 */
export function DraftEditor(props: {
  draft: Draft;
  checked: Checked;
  /** What answers now; null where nothing does yet. */
  live: EndpointRevision | null;
  above?: ReactNode;
  onPublished: (published: EndpointRevision) => void;
}) {
  const { draft, checked, live } = props;
  const [view, setView] = useState<View>('form');
  const models = useListModelsQuery();
  const root = useRef<HTMLDivElement>(null);
  const latest = useRef(draft);
  latest.current = draft;
  const form = useMemo(
    () => ({
      set: (field: string, value: unknown) => latest.current.edit(withValueAt(latest.current.document, field, value)),
      problems: checked.problems,
      models: models.data?.items ?? [],
    }),
    [checked.problems, models.data],
  );
  const jump = (field: string) => {
    if (view === 'json' && field !== 'name') selectLine(root.current, draft.text, lineOfField(draft.text, field));
    else focusField(root.current, field);
  };
  const policy = policyOf(draft.document);
  const note =
    live === null
      ? 'not published yet'
      : draft.isChanged
        ? `draft from revision ${draft.baseRevision}`
        : `revision ${draft.baseRevision}, unchanged`;
  return (
    <div className={styles.editor} ref={root}>
      {props.above}
      <div className={styles.parts}>
        <Panel
          title={view === 'json' ? 'Policy and settings' : 'Policy'}
          note={note}
          aside={
            <Segmented
              label="Edit as"
              name="draft-view"
              value={view}
              options={[
                { value: 'form', label: 'Form' },
                { value: 'json', label: 'JSON' },
              ]}
              onChange={setView}
            />
          }
        >
          {view === 'json' ? (
            <JsonEditor
              text={draft.text}
              parseError={draft.parseError}
              problems={checked.problems.filter(({ field }) => field !== 'name')}
              onType={draft.type}
            />
          ) : draft.parseError !== null || policy === undefined ? (
            <Empty
              title="The form cannot show this draft."
              cause={
                draft.parseError === null
                  ? 'A node of it has no kind, or not the branches of its kind. Put that right in the JSON.'
                  : `Its text is no JSON yet: ${draft.parseError}`
              }
              action={
                <button type="button" className={styles.link} onClick={() => setView('json')}>
                  Edit as JSON
                </button>
              }
            />
          ) : (
            <QueryView query={models} skeleton={<SkeletonRows rows={8} inset />}>
              {() => (
                <FormProvider value={form}>
                  <NodeForm node={policy} field="policy" name="the root" />
                </FormProvider>
              )}
            </QueryView>
          )}
        </Panel>
        {view === 'form' && draft.parseError === null && (
          <Panel title="Settings" note="empty: the default">
            <FormProvider value={form}>
              <SettingsForm document={draft.document} />
            </FormProvider>
          </Panel>
        )}
      </div>
      <Review live={live} draft={draft} checked={checked} onJump={jump} onPublished={props.onPublished} />
    </div>
  );
}

/** The input of a field, or what is nearest to it: a problem may be about a whole node or list. */
function focusField(root: HTMLElement | null, field: string): void {
  for (let at = field; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = root?.querySelector<HTMLElement>(`[data-field="${CSS.escape(at)}"]`);
    const target = found?.matches('fieldset') === true ? found.querySelector<HTMLElement>('input, select') : found;
    if (target !== null && target !== undefined) {
      target.scrollIntoView({ block: 'center' });
      target.focus({ preventScroll: true });
      return;
    }
  }
}

function selectLine(root: HTMLElement | null, text: string, line: number): void {
  const area = root?.querySelector<HTMLTextAreaElement>('textarea[data-json]');
  if (area == null) return;
  const lines = text.split('\n');
  const start = lines.slice(0, line).join('\n').length + (line === 0 ? 0 : 1);
  area.focus();
  area.setSelectionRange(start, start + (lines[line] ?? '').length);
  area.scrollTop = Math.max(0, (line - 6) * (area.scrollHeight / lines.length));
}
