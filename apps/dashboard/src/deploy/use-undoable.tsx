import type { EndpointRevision } from '@switchyard/contracts';
import { useDeleteEndpointMutation, useRollbackEndpointMutation } from '../api/api.ts';
import { isApiError } from '../api/api-error.ts';
import { Button } from '../ui/button.tsx';
import { dismiss, notify } from '../ui/notify.tsx';
import { RolloutLine } from './rollout-line.tsx';
import { useAuthor } from './who-and-why.tsx';

/** Says that a revision is live, with a way back: the revision that was live before, or no endpoint where there was none. */
export function useUndoable(): (published: EndpointRevision, before: number | null, what: string) => void {
  const [rollback] = useRollbackEndpointMutation();
  const [remove] = useDeleteEndpointMutation();
  const author = useAuthor();
  return (published, before, what) => {
    const id = `undo ${published.endpoint} ${published.revision}`;
    const undo = async () => {
      dismiss(id);
      const params = { endpoint: published.endpoint };
      const result =
        before === null
          ? await remove({ params })
          : await rollback({
              params,
              body: { revision: before, note: `Undo of revision ${published.revision}`, author },
            });
      if (result.error !== undefined) {
        const error = isApiError(result.error) ? result.error : undefined;
        notify({
          title: 'The change could not be undone.',
          detail: `${error?.detail ?? 'unknown'} (${error?.code ?? 'unknown'})`,
          lasting: true,
        });
      } else if (before === null) {
        notify({ title: `Endpoint ${published.endpoint} was removed again.` });
      } else {
        notify({ title: `Undone: ${published.endpoint} serves what revision ${before} did.` });
      }
    };
    notify({
      id,
      title: what,
      detail: (
        <>
          <RolloutLine revision={published} />{' '}
          <Button size="small" onClick={() => void undo()}>
            Undo
          </Button>
        </>
      ),
      lasting: true,
    });
  };
}
