export function PredictionPage() {
  return null;
}
