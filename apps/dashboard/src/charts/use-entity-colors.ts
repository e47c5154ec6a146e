import { assignEntityColors } from '@switchyard/charts';
import { useMemo } from 'react';
import { useListModelsQuery } from '../api/api.ts';

/** The CSS variable with the colour of a model, the same on every page. */
export function useModelColor(): (model: string) => string {
  const models = useListModelsQuery().data?.items;
  return useMemo(() => {
    const names = (models ?? [])
      .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || a.name.localeCompare(b.name))
      .map((model) => model.name);
    const colors = assignEntityColors(names);
    // What is not registered, such as an ensemble, takes a colour that the models have left over.
    return (model) => `--series-${colors.get(model) ?? assignEntityColors([...names, model]).get(model) ?? 0}`;
  }, [models]);
}
