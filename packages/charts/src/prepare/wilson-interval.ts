/**
 * 95 % Wilson score interval of a proportion. Null without observations.
 * Wilson, E. B. (1927), JASA 22, 209–212.
 */
export function wilsonInterval(proportion: number, count: number): { lower: number; upper: number } | null {
  if (count <= 0) return null;
  const z = 1.959963984540054;
  const z2 = (z * z) / count;
  const center = proportion + z2 / 2;
  const margin = z * Math.sqrt((proportion * (1 - proportion)) / count + z2 / (4 * count));
  return { lower: Math.max(0, (center - margin) / (1 + z2)), upper: Math.min(1, (center + margin) / (1 + z2)) };
}
