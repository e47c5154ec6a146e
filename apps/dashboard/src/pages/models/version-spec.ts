import type { VersionSpec } from '@switchyard/contracts';

/** The upload form as it is typed. */
export interface VersionForm {
  readonly features: string;
  readonly labels: string;
  readonly positiveLabel: string;
  readonly dataset: string;
  readonly codeRevision: string;
  readonly framework: string;
  readonly notes: string;
}

export const EMPTY_VERSION_FORM: VersionForm = {
  features: '',
  labels: '',
  positiveLabel: '',
  dataset: '',
  codeRevision: '',
  framework: '',
  notes: '',
};

/** What is left empty is discovered from the file or not said. Names are separated by commas or lines. */
export function versionSpec(form: VersionForm, parentVersion: string | null): VersionSpec {
  const features = split(form.features);
  const labels = split(form.labels).map(label);
  const given = Object.entries({
    dataset: form.dataset,
    codeRevision: form.codeRevision,
    framework: form.framework,
    notes: form.notes,
  })
    .map(([name, value]) => [name, value.trim()] as const)
    .filter(([, value]) => value !== '');
  const lineage = { ...(parentVersion === null ? {} : { parentVersion }), ...Object.fromEntries(given) };
  return {
    format: 'onnx',
    ...(features.length > 0 ? { features } : {}),
    ...(labels.length > 0 ? { labels } : {}),
    ...(form.positiveLabel.trim() === '' ? {} : { positiveLabel: label(form.positiveLabel.trim()) }),
    ...(Object.keys(lineage).length > 0 ? { lineage } : {}),
  };
}

const split = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** A whole number is one, anything else is text. */
const label = (text: string): string | number => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);
