import type { PolicyKind } from '@switchyard/contracts';
import { Boxes, Dices, Filter, GitFork, LifeBuoy, type LucideIcon, Moon, Split, Trophy, Users } from 'lucide-react';

/** One sign for each kind of node, the same in the tree, the editor and the decision of a prediction. */
export const KIND_ICONS: Record<PolicyKind, LucideIcon> = {
  model: Boxes,
  split: Split,
  rules: GitFork,
  best: Trophy,
  bandit: Dices,
  ensemble: Users,
  cascade: Filter,
  fallback: LifeBuoy,
  shadow: Moon,
};
