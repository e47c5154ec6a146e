import { Link } from '@tanstack/react-router';
import { Empty, Failed } from '../ui/query-view.tsx';
import { Page } from './page.tsx';

export function NotFound() {
  return (
    <Page title="Not found">
      <Empty
        title="There is no such page."
        cause="The address may be old or mistyped."
        action={<Link to="/">Go to the overview</Link>}
      />
    </Page>
  );
}

export function Crashed(props: { error: unknown; reset: () => void }) {
  return (
    <Page title="This page failed">
      <Failed error={props.error} retry={() => location.reload()} />
      <pre>{props.error instanceof Error ? props.error.message : String(props.error)}</pre>
    </Page>
  );
}
