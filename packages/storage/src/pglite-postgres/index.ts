export { DirectoryInUseError } from './directory-lock.ts';
export {
  isUniqueViolation,
  lockForTransaction,
  type MetadataStore,
  type MetadataTransaction,
} from './metadata-store.ts';
export { openPgliteMetadata } from './open-pglite-metadata.ts';
export { openPostgresMetadata } from './open-postgres-metadata.ts';
export type { RoutingStateBasis, Tables } from './tables.ts';
export { withLock } from './with-lock.ts';
