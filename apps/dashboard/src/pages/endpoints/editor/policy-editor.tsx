import type { Endpoint } from '@switchyard/contracts';
import { useMemo, useRef, useState } from 'react';
import { useListModelsQuery } from '../../../api/api.ts';
import { isShaped, withValueAt } from '../../../policy/edit.ts';
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
import { useDraft } from './use-draft.ts';
import { useProblems } from './use-problems.ts';

type View = 'form' | 'json';

/** One draft of a policy, as a form or as JSON; checked as it is typed, compared with what is live, then published. */
export function PolicyEditor(props: { endpoint: Endpoint; onPublished: () => void }) {
  const { endpoint } = props;
  const [view, setView] = useState<View>('form');
  const draft = useDraft(endpoint);
  const models = useListModelsQuery();
  const checked = useProblems(endpoint.name, draft.policy, draft.baseRevision, draft.parseError === null);
  const root = useRef<HTMLDivElement>(null);
  const latest = useRef(draft);
  latest.current = draft;
  const form = useMemo(
    () => ({
      set: (field: string, value: unknown) => latest.current.edit(withValueAt(latest.current.policy, field, value)),
      problems: checked.problems,
      models: models.data?.items ?? [],
    }),
    [checked.problems, models.data],
  );
  const jump = (field: string) => {
    if (view === 'json') selectLine(root.current, draft.text, lineOfField(draft.text, field));
    else focusField(root.current, field);
  };
  return (
    <div className={styles.editor} ref={root}>
      {draft.isBehind && <Conflict endpoint={endpoint} draft={draft} />}
      <Panel
        title="Policy"
        note={
          draft.isChanged ? `draft from revision ${draft.baseRevision}` : `revision ${draft.baseRevision}, unchanged`
        }
        aside={
          <Segmented
            label="Edit as"
            name="policy-view"
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
          <JsonEditor text={draft.text} parseError={draft.parseError} problems={checked.problems} onType={draft.type} />
        ) : draft.parseError !== null || !isShaped(draft.policy) ? (
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
          <QueryView query={models} skeleton={<SkeletonRows rows={8} />}>
            {() => (
              <FormProvider value={form}>
                <NodeForm node={draft.policy as never} field="" name="the root" />
              </FormProvider>
            )}
          </QueryView>
        )}
      </Panel>
      <Review endpoint={endpoint} draft={draft} checked={checked} onJump={jump} onPublished={props.onPublished} />
    </div>
  );
}

/** The input of a field, or what is nearest to it: a problem may be about a whole node or list. */
function focusField(root: HTMLElement | null, field: string): void {
  for (let at = field; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const found = root?.querySelector<HTMLElement>(`[data-field="${CSS.escape(at)}"]`);
    const target = found?.matches('fieldset') === true ? found.querySelector<HTMLElement>('input, select') : found;
    if (target !== null && target !== undefined) {
      target.scrollIntoView({ block: 'center' });
      target.focus({ preventScroll: true });
      return;
    }
    if (at === '') return;
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
