import type { EndpointRevision, Model } from '@switchyard/contracts';
import { Link, useNavigate } from '@tanstack/react-router';
import { Boxes } from 'lucide-react';
import { useMemo } from 'react';
import { useListEndpointsQuery, useListModelsQuery } from '../../../api/api.ts';
import { DEFAULT_SETTINGS } from '../../../policy/document.ts';
import { Page } from '../../../shell/page.tsx';
import { TextInput } from '../../../ui/field.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { Empty, QueryView, Skeleton } from '../../../ui/query-view.tsx';
import styles from './editor.module.css';
import { DraftEditor } from './endpoint-editor.tsx';
import { type Live, useDraft } from './use-draft.ts';
import { useProblems } from './use-problems.ts';

/** What shall clients call, and what answers them? */
export function NewEndpointPage() {
  const models = useListModelsQuery();
  const endpoints = useListEndpointsQuery();
  return (
    <Page
      title="New endpoint"
      above={<Link to="/endpoints">Endpoints</Link>}
      lead="A name that clients call, the policy that answers them, and how requests are treated."
    >
      <QueryView
        query={models}
        skeleton={<Skeleton height={320} />}
        isEmpty={(list) => firstLeaf(list.items) === undefined}
        empty={
          <Panel title="Policy">
            <Empty
              icon={<Boxes size={17} />}
              title="There is no version of a model that could answer."
              cause="A policy ends in models. Upload a version of one first."
              action={<Link to="/models">Go to the models</Link>}
            />
          </Panel>
        }
      >
        {(list) => <NewEndpoint models={list.items} taken={(endpoints.data?.items ?? []).map(({ name }) => name)} />}
      </QueryView>
    </Page>
  );
}

function NewEndpoint(props: { models: readonly Model[]; taken: readonly string[] }) {
  const navigate = useNavigate();
  const { models } = props;
  const begin = useMemo(
    (): Live => ({
      revision: 0,
      policy: firstLeaf(models) ?? { kind: 'model', model: '', version: '1' },
      settings: DEFAULT_SETTINGS,
    }),
    [models],
  );
  const draft = useDraft(null, begin);
  const checked = useProblems(draft, props.taken.includes(draft.name));
  const wrong = checked.problems.filter(({ field }) => field === 'name');
  return (
    <DraftEditor
      draft={draft}
      checked={checked}
      live={null}
      above={
        <Panel title="Name" className={styles.above}>
          <TextInput
            label="Name of the endpoint"
            hideLabel
            data-field="name"
            maxLength={64}
            value={draft.name}
            onChange={({ target }) => draft.rename(target.value)}
            error={wrong.length === 0 ? undefined : wrong.map(({ detail }) => detail).join('; ')}
            hint={`Clients call POST /v1/models/${draft.name === '' ? '…' : draft.name}:predict. It cannot be changed later.`}
          />
        </Panel>
      }
      onPublished={({ endpoint }: EndpointRevision) =>
        void navigate({ to: '/endpoints/$endpoint', params: { endpoint } })
      }
    />
  );
}

/** A model that can answer, to begin with: by the alias that means the version in use where there is one. */
function firstLeaf(models: readonly Model[]): Live['policy'] | undefined {
  const model = models.find(({ latestVersion }) => latestVersion !== null);
  if (model === undefined) return undefined;
  return 'champion' in model.aliases
    ? { kind: 'model', model: model.name, alias: 'champion' }
    : { kind: 'model', model: model.name, version: model.latestVersion ?? '1' };
}
