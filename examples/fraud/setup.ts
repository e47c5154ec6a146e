import { readFileSync } from 'node:fs';
import type { Endpoint, EnsembleNode, Policy } from '@switchyard/contracts';
import { find, send } from '../shared/control-api.ts';
import { setUpModels, type TrainedModel } from '../shared/trained-models.ts';

interface FraudModel extends TrainedModel {
  readonly lineage: TrainedModel['lineage'] & { readonly rows: { readonly from: number; readonly to: number } };
}

const artifacts = new URL('./artifacts/', import.meta.url);
const { models, ensemble } = JSON.parse(readFileSync(new URL('models.json', artifacts), 'utf8')) as {
  models: FraudModel[];
  ensemble: { method: EnsembleNode['method']; weights: Record<string, number> };
};

export const ENDPOINT = 'fraud';

const champion = (model: string): Policy => ({ kind: 'model', model, alias: 'champion' });

/** Routing as a bank would: by amount, an even split of the middle band, and every model's opinion on large amounts. */
export const fraudPolicy: Policy = {
  kind: 'rules',
  rules: [
    { name: 'small', when: 'features.Amount < 100.0', policy: champion('rule-based') },
    {
      name: 'middle',
      when: 'features.Amount <= 1000.0',
      policy: {
        kind: 'split',
        arms: [
          { name: 'random-forest', weight: 0.5, policy: champion('random-forest') },
          { name: 'neural-network', weight: 0.5, policy: champion('neural-network') },
        ],
      },
    },
  ],
  otherwise: {
    kind: 'ensemble',
    method: ensemble.method,
    members: models.map(({ name }) => ({ name, weight: ensemble.weights[name], policy: champion(name) })),
    minimumMembers: 2,
  },
};

/** Creates the models, uploads their files and publishes the endpoint; what is there already stays as it is. */
export async function setUpFraudExample(controlUrl: string, print: (line: string) => void): Promise<void> {
  const notes = ({ lineage }: FraudModel): string =>
    `Trained on rows ${lineage.rows.from} to ${lineage.rows.to}; exported by ${lineage.exporter}; metrics measured on the rows after.`;
  await setUpModels(controlUrl, artifacts, models, notes, print);
  if ((await find<Endpoint>(`${controlUrl}/api/v1/endpoints/${ENDPOINT}`)) === undefined) {
    await send('PUT', `${controlUrl}/api/v1/endpoints/${ENDPOINT}`, {
      policy: fraudPolicy,
      baseRevision: 0,
      author: 'fraud example',
      note: 'By amount: rules below 100, an even split up to 1000, the average of all four above',
    });
    print(`  endpoint ${ENDPOINT} published`);
  }
}
