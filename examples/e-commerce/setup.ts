import { readFileSync } from 'node:fs';
import type { Endpoint, EnsembleNode, Policy } from '@switchyard/contracts';
import { find, send } from '../shared/control-api.ts';
import { setUpModels, type TrainedModel } from '../shared/trained-models.ts';

interface PurchaseModel extends TrainedModel {
  readonly lineage: TrainedModel['lineage'] & { readonly months: readonly string[]; readonly rows: number };
}

const artifacts = new URL('./artifacts/', import.meta.url);
const { models, ensemble } = JSON.parse(readFileSync(new URL('models.json', artifacts), 'utf8')) as {
  models: PurchaseModel[];
  ensemble: { method: EnsembleNode['method']; weights: Record<string, number> };
};

export const ENDPOINT = 'purchase';
export const MODELS: readonly string[] = models.map(({ name }) => name);

const AUTHOR = 'e-commerce example';
const champion = (model: string): Policy => ({ kind: 'model', model, alias: 'champion' });

/** Week 1: every visitor stays with one of the four models, a quarter of the visitors each. */
export const equalSplit: Policy = {
  kind: 'split',
  arms: models.map(({ name }) => ({ name, weight: 1 / models.length, policy: champion(name) })),
};

/** Week 2: each kind of visitor to the model that was best for them in week 1; those it knows too little about to all. */
export const byVisitor: Policy = {
  kind: 'rules',
  rules: [
    { name: 'returning', when: 'features.VisitorType == "Returning_Visitor"', policy: champion('shop-trees') },
    { name: 'new', when: 'features.VisitorType == "New_Visitor"', policy: champion('shop-network') },
  ],
  otherwise: {
    kind: 'ensemble',
    method: ensemble.method,
    members: models.map(({ name }) => ({ name, weight: ensemble.weights[name], policy: champion(name) })),
    minimumMembers: 2,
  },
};

/** Creates the models and publishes the equal split as revision 1; what is there already stays as it is. */
export async function setUpShopExample(controlUrl: string, print: (line: string) => void): Promise<void> {
  const notes = ({ lineage }: PurchaseModel): string =>
    `Trained on ${lineage.rows} sessions (${lineage.months.join(', ')}); exported by ${lineage.exporter}; metrics measured on the months after.`;
  await setUpModels(controlUrl, artifacts, models, notes, print);
  if ((await liveRevision(controlUrl)) === 0) {
    await publish(controlUrl, equalSplit, 0, 'Week 1: a quarter of the visitors to each model');
    print(`  endpoint ${ENDPOINT} published: a quarter of the visitors to each model`);
  }
}

/** Revision 2, unless somebody has published something else meanwhile: then theirs stays. */
export async function publishSecondWeek(controlUrl: string, print: (line: string) => void): Promise<void> {
  const live = await liveRevision(controlUrl);
  if (live !== 1) {
    print(`  revision ${live} of ${ENDPOINT} stays`);
    return;
  }
  await publish(controlUrl, byVisitor, 1, 'Week 2: by kind of visitor; the rest to an ensemble of all four');
  print('  returning visitors now go to shop-trees, new ones to shop-network, the rest to an ensemble of all four');
}

async function liveRevision(controlUrl: string): Promise<number> {
  return (await find<Endpoint>(`${controlUrl}/api/v1/endpoints/${ENDPOINT}`))?.live.revision ?? 0;
}

async function publish(controlUrl: string, policy: Policy, baseRevision: number, note: string): Promise<void> {
  await send('PUT', `${controlUrl}/api/v1/endpoints/${ENDPOINT}`, { policy, baseRevision, author: AUTHOR, note });
}
