import type { Trial } from '@switchyard/contracts';
import { Link } from '@tanstack/react-router';
import { Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useGetPredictionQuery, useGetStatusQuery } from '../../../api/api.ts';
import { isApiError } from '../../../api/api-error.ts';
import { formatMicros } from '../../../format/format.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { notify } from '../../../ui/notify.tsx';
import { Failed } from '../../../ui/query-view.tsx';
import { DecisionSections } from '../../predictions/decision-sections.tsx';
import { AnswerText } from '../../predictions/prediction-cells.tsx';
import { isCombined } from '../../predictions/step-text.ts';
import { predictCurl } from '../curl.ts';
import { DEFAULT_GATEWAY } from '../how-to-call.tsx';
import styles from './try.module.css';
import type { TryBody } from './try-values.ts';

const POLL_MS = 400;
const SHADOWS_POLL_MS = 2_000;
const SHADOWS_MS = 14_000;
/** Records are queryable within two seconds as a rule; longer than this and something is wrong with shipping. */
const PATIENCE_MS = 20_000;

/** What the gateway answered at once, and how it was decided as soon as the log can be read. */
export function TryResult(props: { trial: Trial; body: TryBody | undefined; endpoint: string }) {
  const { trial, body, endpoint } = props;
  const gateway = useGetStatusQuery().data?.gatewayUrl ?? DEFAULT_GATEWAY;
  const curl = () => {
    const { features, ...rest } = body ?? { features: {} };
    const command = predictCurl(gateway, endpoint, { instances: [features], ...rest });
    void navigator.clipboard.writeText(command).then(() => notify({ title: 'Command copied' }));
  };
  return (
    <div className={styles.result}>
      <p className={styles.answer}>
        <AnswerText answer={trial.answer} />
        <Badge>{isCombined(trial.served) ? 'combined' : `${trial.served.model} v${trial.served.version}`}</Badge>
      </p>
      <dl className={styles.facts}>
        <div>
          <dt>Path</dt>
          <dd>{trial.served.path === '' ? 'the root' : trial.served.path.replaceAll('/', ' › ')}</dd>
        </div>
        <div>
          <dt>Gateway besides the models</dt>
          <dd>{formatMicros(trial.overheadMicros)}</dd>
        </div>
        <div>
          <dt>There and back</dt>
          <dd>{formatMicros(trial.roundTripMicros)}</dd>
        </div>
      </dl>
      <div className={styles.actions}>
        <Link to="/predictions/$id" params={{ id: trial.id }}>
          Open the prediction
        </Link>
        <Button size="small" icon={<Copy size={13} aria-hidden="true" />} onClick={curl}>
          Copy as curl
        </Button>
      </div>
      <Decided id={trial.id} />
    </div>
  );
}

function Decided(props: { id: string }) {
  const [isPatient, setIsPatient] = useState(true);
  const [everyMs, setEveryMs] = useState(POLL_MS);
  const prediction = useGetPredictionQuery({ params: { id: props.id } }, { pollingInterval: isPatient ? everyMs : 0 });
  const { data, error } = prediction;
  const isFound = data !== undefined;
  useEffect(() => {
    const timer = setTimeout(() => setIsPatient(false), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (!isFound) return;
    // Shadows answer after everybody else: their answers come into the record for a while yet.
    setEveryMs(SHADOWS_POLL_MS);
    const timer = setTimeout(() => setEveryMs(0), SHADOWS_MS);
    return () => clearTimeout(timer);
  }, [isFound]);
  if (data !== undefined) return <DecisionSections prediction={data} />;
  const isNotThere = isApiError(error) && error.code === 'prediction_not_found';
  if (error !== undefined && (!isNotThere || !isPatient)) {
    return (
      <>
        {isNotThere && (
          <p className={styles.faint}>The record has not reached the store after {PATIENCE_MS / 1_000} s.</p>
        )}
        <Failed error={error} retry={prediction.refetch} />
      </>
    );
  }
  return (
    <p className={styles.waiting} role="status">
      <span className={styles.spinner} aria-hidden="true" />
      Answered and logged. How it was decided can be read once the record has reached the store, usually within two
      seconds.
    </p>
  );
}
