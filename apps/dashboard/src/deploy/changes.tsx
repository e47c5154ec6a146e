import type { ControlAnswer } from '@switchyard/client';
import { ArrowRight, CircleAlert } from 'lucide-react';
import { Fragment } from 'react';
import { useGetEndpointTrafficQuery } from '../api/api.ts';
import { formatPercent } from '../format/format.ts';
import { useTimeRange } from '../time/use-time-range.tsx';
import { Failed, type QueryState, QueryView, SkeletonRows } from '../ui/query-view.tsx';
import { changedWhat, shareOfChange } from './change.ts';
import styles from './changes.module.css';

type Check = ControlAnswer<'checkPolicy'>;

/** What publishing would change, path by path, how much traffic that is, or why it cannot be published. */
export function Changes(props: { endpoint: string; isNew: boolean; check: QueryState<Check> }) {
  const share = useTrafficShare(props.endpoint, props.isNew);
  // A body that is refused has no answer to show beside the reason.
  if (props.check.error !== undefined && !props.check.isFetching)
    return <Failed error={props.check.error} retry={props.check.refetch} />;
  return (
    <QueryView query={props.check} skeleton={<SkeletonRows rows={3} inset />}>
      {(check) => (
        <>
          {!check.valid && (
            <ul className={styles.problems} role="alert">
              {check.problems.map((problem) => (
                <li key={`${problem.field} ${problem.detail}`}>
                  <CircleAlert size={14} aria-hidden="true" />
                  <span>
                    {problem.field !== '' && <code>{problem.field}</code>} {problem.detail}
                  </span>
                </li>
              ))}
            </ul>
          )}
          {check.valid && check.changes.length === 0 && (
            <p className={styles.same}>Nothing would change: this is what {props.endpoint} serves now.</p>
          )}
          {check.changes.length > 0 && (
            <table className={styles.table}>
              <caption className="visually-hidden">What will change</caption>
              <thead>
                <tr>
                  <th scope="col">Path</th>
                  <th scope="col">Now</th>
                  <th scope="col">
                    <span className="visually-hidden">becomes</span>
                  </th>
                  <th scope="col">Then</th>
                  <th scope="col" className={styles.share}>
                    Traffic
                  </th>
                </tr>
              </thead>
              <tbody>
                {check.changes.map((change) => (
                  <tr key={change.path}>
                    <th scope="row">
                      <Breakable path={changedWhat(change.path)} />
                    </th>
                    <td>{change.before === null ? <em>nothing</em> : <del>{change.before}</del>}</td>
                    <td>
                      <ArrowRight size={13} aria-hidden="true" />
                    </td>
                    <td>{change.after === null ? <em>removed</em> : <ins>{change.after}</ins>}</td>
                    <td className={styles.share}>{share(change.path)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </QueryView>
  );
}

/** A path that may be broken after each of its names, and nowhere else. */
function Breakable(props: { path: string }) {
  return props.path.split('/').map((name, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: names may come twice
    <Fragment key={index}>
      {index > 0 && (
        <>
          /<wbr />
        </>
      )}
      {name}
    </Fragment>
  ));
}

/** The share of the endpoint's predictions of the range that took a path. */
function useTrafficShare(endpoint: string, isNew: boolean): (path: string) => string {
  const { from, to } = useTimeRange();
  const traffic = useGetEndpointTrafficQuery(
    { params: { endpoint }, query: { from, to } },
    { skip: isNew || endpoint === '' },
  );
  if (isNew) return () => 'none yet';
  return (path) => formatPercent(traffic.data === undefined ? null : shareOfChange(traffic.data, path));
}
