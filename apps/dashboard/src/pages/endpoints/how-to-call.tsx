import type { Endpoint, EndpointRevision } from '@switchyard/contracts';
import { Copy } from 'lucide-react';
import { useGetStatusQuery } from '../../api/api.ts';
import { IconButton } from '../../ui/button.tsx';
import { notify } from '../../ui/notify.tsx';
import { Panel } from '../../ui/panel.tsx';
import { exampleInstance, feedbackCurl, predictCurl } from './curl.ts';
import styles from './endpoints.module.css';

export const DEFAULT_GATEWAY = 'http://127.0.0.1:7071';

export function HowToCall(props: { endpoint: Endpoint }) {
  const gateway = useGetStatusQuery().data?.gatewayUrl ?? DEFAULT_GATEWAY;
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

export function Settings(props: { revision: EndpointRevision }) {
  const { settings } = props.revision;
  return (
    <Panel title="Settings of the live revision">
      <dl className={styles.settings}>
        <div>
          <dt>Time limit</dt>
          <dd>{settings.timeoutMs.toLocaleString('en')} ms</dd>
        </div>
        <div>
          <dt>Queue limit</dt>
          <dd>{settings.maximumQueuedRows.toLocaleString('en')} rows</dd>
        </div>
        <div>
          <dt>Features that nothing knows</dt>
          <dd>{settings.unknownFeatures === 'reject' ? 'are refused' : 'are ignored'}</dd>
        </div>
        <div>
          <dt>When the log cannot be written</dt>
          <dd>{settings.onLogFailure === 'refuse' ? 'requests are refused' : 'answers go out unlogged'}</dd>
        </div>
        <div>
          <dt>Answers to the same row</dt>
          <dd>{settings.cache ? `are given again for ${settings.cache.ttlSeconds} s` : 'are asked for each time'}</dd>
        </div>
      </dl>
    </Panel>
  );
}
