import {
  bernoulliInterval,
  boundedMeanSequence,
  compareMeans,
  compareProportions,
  createAipwSequence,
  distributionRadius,
  eventCountPoint,
  quantileInterval,
  relativeSequencePoint,
  sequencePoint,
  summariseProportion,
  summariseValues,
  tuneMixture,
} from '../src/index.ts';
import { seededRandom } from './random.ts';
import { answer, type SimulationRow, shareRow } from './row.ts';

const COVERS: SimulationRow['target'] = [0.95, 1];
const LOOKS = 30;
/** Values an arm between two looks. */
const STEP = 50;

type Interval = { readonly lower: number; readonly upper: number };

/** Share of paths on which the interval holds the truth at every look; looks without an answer claim nothing. */
function coverage(
  what: string,
  setting: string,
  runs: number,
  seed: number,
  path: (
    random: ReturnType<typeof seededRandom>,
  ) => (look: number) => { readonly interval: Interval | undefined; readonly truth: number },
): SimulationRow {
  const random = seededRandom(seed);
  let held = 0;
  for (let run = 0; run < runs; run += 1) {
    const at = path(random);
    let isHeld = true;
    for (let look = 0; look < LOOKS && isHeld; look += 1) {
      const { interval, truth } = at(look);
      if (interval && (truth < interval.lower || truth > interval.upper)) isHeld = false;
    }
    if (isHeld) held += 1;
  }
  return shareRow(what, setting, held, runs, COVERS);
}

const given = <T extends Interval>(
  result: ({ readonly ok: true } & T) | { readonly ok: false },
): Interval | undefined => (result.ok ? result : undefined);

/** Simultaneous coverage of every drawn sequence around a true value that is not 0. */
export function simulateCoverage(runs: number): SimulationRow[] {
  const { mixtureVariance } = answer(tuneMixture({ horizonCount: 3000 }));
  const rows: SimulationRow[] = [];
  for (const [rate, lift] of [
    [0.1, 0.03],
    [0.5, 0.05],
  ] as const) {
    const arms = () => {
      const [a, b] = [0, 1].map(() => ({ successes: 0, count: 0 }));
      return (random: ReturnType<typeof seededRandom>) => {
        for (const [arm, p] of [
          [a!, rate],
          [b!, rate + lift],
        ] as const) {
          arm.count += STEP;
          arm.successes += random.binomial(STEP, p);
        }
        return [a!, b!] as const;
      };
    };
    const setting = `${rate} against ${rate + lift}, 3000 requests`;
    rows.push(
      coverage('asymptotic sequence, difference', setting, runs, 8000 + 100 * rate, (random) => {
        const next = arms();
        return () => {
          const [a, b] = next(random);
          const effect = compareProportions(a, b);
          const point = effect.ok ? sequencePoint(effect, a.count + b.count, { mixtureVariance }) : effect;
          return { interval: given(point), truth: lift };
        };
      }),
      coverage('asymptotic sequence, relative lift', setting, runs, 8010 + 100 * rate, (random) => {
        const next = arms();
        return () => {
          const [a, b] = next(random).map((arm) => answer(summariseProportion(arm)));
          return { interval: given(relativeSequencePoint(a!, b!, { mixtureVariance })), truth: lift / rate };
        };
      }),
    );
  }
  rows.push(
    coverage(
      'asymptotic sequence, difference of means',
      'exponential outcomes, 1 against 1.2, 3000 requests',
      runs,
      8200,
      (random) => {
        const values: [number[], number[]] = [[], []];
        return () => {
          for (let k = 0; k < STEP; k += 1) {
            values[0].push(-Math.log(1 - random.uniform()));
            values[1].push(-Math.log(1 - random.uniform()) * 1.2);
          }
          const [a, b] = values.map((arm) => answer(summariseValues(arm)));
          return {
            interval: given(sequencePoint(answer(compareMeans(a!, b!)), a!.count + b!.count, { mixtureVariance })),
            truth: 0.2,
          };
        };
      },
    ),
    coverage('exact Bernoulli interval', 'rate 0.03, 1,500 trials', runs, 8300, (random) => {
      let [successes, count] = [0, 0];
      return () => {
        count += STEP;
        successes += random.binomial(STEP, 0.03);
        return { interval: answer(bernoulliInterval(successes, count, { horizonCount: 1000 })), truth: 0.03 };
      };
    }),
    coverage('empirical-Bernstein sequence', 'Beta-like values of mean 1/3, 1,500 values', runs, 8400, (random) => {
      const values = Array.from({ length: STEP * LOOKS }, () => random.uniform() ** 2);
      const { points } = answer(boundedMeanSequence(values, { meanIsConstant: true }));
      return (look) => ({ interval: points[STEP * look + STEP - 1], truth: 1 / 3 });
    }),
    coverage('quantile interval, p90', 'exponential values, 1,500 values', runs, 8500, (random) => {
      const values: number[] = [];
      return () => {
        for (let k = 0; k < STEP; k += 1) values.push(-Math.log(1 - random.uniform()));
        return {
          interval: given(quantileInterval(values, { quantile: 0.9, horizonCount: 1000 })),
          truth: Math.log(10),
        };
      };
    }),
    coverage('distribution band', 'uniform values, 1,500 values', runs, 8600, (random) => {
      const values: number[] = [];
      return () => {
        for (let k = 0; k < STEP; k += 1) values.push(random.uniform());
        const radius = distributionRadius(values.length);
        if (!radius.ok) return { interval: undefined, truth: 0 };
        const sorted = Float64Array.from(values).sort();
        const distance = sorted.reduce(
          (largest, x, index) => Math.max(largest, x - index / sorted.length, (index + 1) / sorted.length - x),
          0,
        );
        return { interval: { lower: -radius.radius, upper: radius.radius }, truth: distance };
      };
    }),
    coverage(
      'event counts, rate ratio',
      'rates 1 % and 2 % at 10 % of the traffic, 60,000 requests',
      runs,
      8700,
      (random) => {
        const events = { control: 0, treatment: 0 };
        return () => {
          events.control += random.binomial(1800, 0.01);
          events.treatment += random.binomial(200, 0.02);
          return { interval: given(eventCountPoint(events, 0.1)), truth: 1 };
        };
      },
    ),
    coverage(
      'AIPW sequence',
      'propensity drifting from 0.1 to 0.9, +3 points on a drifting base, 3000 requests',
      runs,
      8800,
      (random) => {
        const { sequence } = answer(createAipwSequence({ horizonCount: 3000 }));
        return (look) => {
          const share = 0.5 + 0.4 * Math.sin(look / 4.5);
          for (let k = 0; k < 2 * STEP; k += 1) {
            const isTreatment = random.uniform() < share;
            const rate = 0.12 + 0.05 * Math.sin((2 * STEP * look + k) / 500) + (isTreatment ? 0.03 : 0);
            sequence.add({
              controlPropensity: 1 - share,
              treatmentPropensity: share,
              arm: isTreatment ? 'treatment' : 'control',
              outcome: random.uniform() < rate ? 1 : 0,
            });
          }
          return { interval: given(sequence.read()), truth: 0.03 };
        };
      },
    ),
  );
  return rows;
}
