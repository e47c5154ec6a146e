export { assertObjectKey, type ObjectStore } from './object-store.ts';
export { openFileObjects } from './open-file-objects.ts';
