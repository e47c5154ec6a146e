import {
  bernoulliInterval,
  compareEffectBayesian,
  compareEventCounts,
  compareProportions,
  createAipwSequence,
  createEmpiricalBernsteinBound,
  createModelXProcess,
  createTwoProportionProcess,
  type ProportionSummary,
  relativeSequencePoint,
  type SequencePoint,
  sequencePoint,
  summariseProportion,
  tuneMixture,
} from '../src/index.ts';
import { answer } from './row.ts';

/** What one experiment on 0/1 outcomes has shown up to a look. */
export interface BinaryLook {
  readonly control: ProportionSummary;
  readonly treatment: ProportionSummary;
  /** The outcomes since the look before, in order, with the treatment's propensity. */
  readonly batch: readonly BinaryRequest[];
}

export interface BinaryRequest {
  readonly isTreatment: boolean;
  readonly share: number;
  readonly outcome: 0 | 1;
}

/** Does this method call the arms different at this look? One instance for one experiment. */
export type BinaryMethod = (look: BinaryLook) => boolean;

export const ALPHA = 0.05;

const excludes = (point: Pick<SequencePoint, 'lower' | 'upper'>, value: number) =>
  point.lower > value || point.upper < value;

/** Every method that may be looked at after each batch, fresh, for a planned size. */
export const ANYTIME_METHODS: Readonly<Record<string, (horizonCount: number) => BinaryMethod>> = {
  'asymptotic sequence, difference': (horizonCount) => asymptotic(horizonCount),
  'asymptotic sequence, relative lift': (horizonCount) => {
    const { mixtureVariance } = answer(tuneMixture({ horizonCount }));
    return ({ control, treatment }) => {
      const [a, b] = [summariseProportion(control), summariseProportion(treatment)];
      if (!a?.ok || !b?.ok) return false;
      const point = relativeSequencePoint(a, b, { mixtureVariance });
      return point.ok && excludes(point, 0);
    };
  },
  'asymptotic sequence, one-sided': (horizonCount) => asymptotic(horizonCount, 'absolute', 'greater'),
  'AIPW sequence': (horizonCount) => {
    const { sequence } = answer(createAipwSequence({ horizonCount }));
    return ({ batch }) => {
      for (const request of batch) sequence.add(observation(request));
      const point = sequence.read();
      return point.ok && excludes(point, 0);
    };
  },
  'Model-X e-process': () => {
    const { process } = answer(createModelXProcess({ outcome: 'binary' }));
    return ({ batch }) => {
      for (const request of batch) process.add(observation(request));
      const evidence = process.read();
      return evidence.ok && evidence.isDifferent;
    };
  },
  'two-proportion e-process': () => {
    const { process } = answer(createTwoProportionProcess());
    return ({ batch }) => {
      const block = { control: { successes: 0, count: 0 }, treatment: { successes: 0, count: 0 } };
      for (const { isTreatment, outcome } of batch) {
        const arm = isTreatment ? block.treatment : block.control;
        arm.count += 1;
        arm.successes += outcome;
      }
      process.add(block);
      const evidence = process.read();
      return evidence.ok && evidence.isDifferent;
    };
  },
  'difference of exact Bernoulli intervals': (horizonCount) => {
    const settings = { alpha: ALPHA / 2, horizonCount: horizonCount / 2 };
    let looks = 0;
    return ({ control, treatment }) => {
      // The dearest method here and far from its limit, so it looks at every fifth batch only.
      looks += 1;
      if (looks % 5 > 0) return false;
      const [a, b] = [control, treatment].map(({ successes, count }) => bernoulliInterval(successes, count, settings));
      return Boolean(a?.ok && b?.ok && (a.lower > b.upper || b.lower > a.upper));
    };
  },
  'difference of empirical-Bernstein sequences': () => {
    // Incremental form of `boundedMeanSequence` at α/2 for each arm.
    const ends = () => [0, 1].map(() => answer(createEmpiricalBernsteinBound({ alpha: ALPHA / 4 })).bound);
    const [control, treatment] = [ends(), ends()];
    return ({ batch }) => {
      for (const { isTreatment, outcome } of batch) {
        const [below, above] = isTreatment ? treatment : control;
        below?.add(outcome);
        above?.add(1 - outcome);
      }
      const lower = [...control, ...treatment].map((bound) => {
        const read = bound.read();
        return read.ok ? read.lower : 0;
      });
      const [controlLower = 0, controlAbove = 0, treatmentLower = 0, treatmentAbove = 0] = lower;
      return treatmentLower > 1 - controlAbove || controlLower > 1 - treatmentAbove;
    };
  },
  'event counts': () => (look) => {
    const evidence = compareEventCounts({ control: look.control.successes, treatment: look.treatment.successes }, 0.5, {
      alpha: ALPHA,
    });
    return evidence.ok && evidence.isDifferent;
  },
};

export const FIXED_HORIZON = 'fixed-horizon test at every look (not valid)';

/** What must not be used while looking; shown beside the others. */
export const UNSAFE_METHODS: Readonly<Record<string, (horizonCount: number) => BinaryMethod>> = {
  'asymptotic sequence of a delta-method lift (not valid on few events)': (horizonCount) =>
    asymptotic(horizonCount, 'relative'),
  [FIXED_HORIZON]: () => (look) => {
    const effect = compareProportions(look.control, look.treatment);
    return effect.ok && effect.pValue < ALPHA;
  },
  'chance to win over 95 % or under 5 % at every look (not valid)': () => (look) => {
    const effect = compareProportions(look.control, look.treatment);
    if (!effect.ok) return false;
    const chance = compareEffectBayesian(effect);
    return chance.ok && Math.abs(chance.chanceToWin - 0.5) > 0.45;
  },
};

function asymptotic(
  horizonCount: number,
  scale: 'absolute' | 'relative' = 'absolute',
  alternative: 'two-sided' | 'greater' = 'two-sided',
): BinaryMethod {
  const { mixtureVariance } = answer(tuneMixture({ horizonCount, alternative }));
  return ({ control, treatment }) => {
    const effect = compareProportions(control, treatment, { scale });
    if (!effect.ok) return false;
    const point = sequencePoint(effect, control.count + treatment.count, { mixtureVariance, alternative });
    return point.ok && excludes(point, 0);
  };
}

function observation({ isTreatment, share, outcome }: BinaryRequest) {
  return {
    controlPropensity: 1 - share,
    treatmentPropensity: share,
    arm: isTreatment ? ('treatment' as const) : ('control' as const),
    outcome,
  };
}
