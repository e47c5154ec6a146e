import type { Endpoint } from '@switchyard/contracts';
import { Copy } from 'lucide-react';
import { useGetStatusQuery } from '../../api/api.ts';
import { IconButton } from '../../ui/button.tsx';
import { notify } from '../../ui/notify.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SkeletonRows } from '../../ui/query-view.tsx';
import { exampleInstance, feedbackCurl, predictCurl } from './curl.ts';
import styles from './endpoints.module.css';

export const DEFAULT_GATEWAY = 'http://127.0.0.1:7071';

export function HowToCall(props: { endpoint: Endpoint }) {
  const status = useGetStatusQuery();
  // No address is better than a wrong one.
  if (status.data === undefined && status.error === undefined) {
    return (
      <Panel title="How to call it">
        <SkeletonRows rows={6} inset />
      </Panel>
    );
  }
  const gateway = status.data?.gatewayUrl ?? DEFAULT_GATEWAY;
  const predict = predictCurl(gateway, props.endpoint.name, {
    instances: [exampleInstance(props.endpoint.features)],
    unit: 'customer-1',
  });
  const feedback = feedbackCurl(gateway, '<id of the prediction>', 1);
  return (
    <Panel title="How to call it">
      <Snippet label="Ask for a prediction" code={predict} />
      <Snippet label="Say later what became of it" code={feedback} />
    </Panel>
  );
}

export function Snippet(props: { label: string; code: string }) {
  return (
    <>
      <div className={styles.copy}>
        <span>{props.label}</span>
        <IconButton
          label={`Copy: ${props.label}`}
          icon={<Copy size={14} aria-hidden="true" />}
          onClick={() => void navigator.clipboard.writeText(props.code).then(() => notify({ title: 'Copied' }))}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <pre className={styles.code} tabIndex={0}>
        {props.code}
      </pre>
    </>
  );
}
