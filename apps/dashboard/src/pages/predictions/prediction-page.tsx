import { getRouteApi, Link } from '@tanstack/react-router';
import { useGetPredictionQuery } from '../../api/api.ts';
import { Page } from '../../shell/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryView, SkeletonRows } from '../../ui/query-view.tsx';
import { PredictionView } from './prediction-view.tsx';
import styles from './predictions.module.css';

const route = getRouteApi('/predictions/$id');

export function PredictionPage() {
  const { id } = route.useParams();
  const prediction = useGetPredictionQuery({ params: { id } });
  return (
    <Page title="Prediction" above={<Link to="/predictions">Predictions</Link>}>
      <div className={styles.single}>
        <Panel title={id}>
          <QueryView query={prediction} skeleton={<SkeletonRows rows={10} />}>
            {(found) => <PredictionView prediction={found} />}
          </QueryView>
        </Panel>
      </div>
    </Page>
  );
}
