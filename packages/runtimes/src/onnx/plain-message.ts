/** What the runtime says, without the path of the file and the source locations that mean nothing to a reader. */
export function plainMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const short = message
    .replace(/Load model from \S+ failed:\s*/g, '')
    .replace(/(?:^|\s)\/\S+\.(?:cc|h|cpp):\d+\s*/g, ' ')
    .replace(/(?:[\w:]+[ *&]+)*onnxruntime::.*?\)(?: const)? (?=[A-Z('])/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500);
  return /[.!?]$/.test(short) ? short : `${short}.`;
}
