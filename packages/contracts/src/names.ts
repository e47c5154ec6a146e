import { z } from 'zod';

/** Names become file names, URL segments and metric labels, so they are kept to one safe alphabet. */
const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

const name = (what: string) =>
  z
    .string()
    .regex(
      NAME_PATTERN,
      `${what} is 1 to 64 characters of a-z, 0-9, '.', '_' or '-', and starts and ends with a letter or digit`,
    )
    .refine((value) => !value.includes('..'), `${what} may not contain '..'`);

export const modelNameSchema = name('a model name').meta({ id: 'ModelName', example: 'random-forest' });
export const endpointNameSchema = name('an endpoint name').meta({ id: 'EndpointName', example: 'fraud' });
export const aliasNameSchema = name('an alias').meta({ id: 'AliasName', example: 'champion' });
export const armNameSchema = name('an arm name').meta({ id: 'ArmName', example: 'challenger' });
export const versionNumberSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/, 'a version is a positive whole number, as text')
  .meta({ id: 'VersionNumber', example: '3' });

/** Lower-case hexadecimal SHA-256. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 digest is 64 lower-case hexadecimal digits');

/** ISO 8601 in UTC. */
export const instantSchema = z.iso.datetime({ offset: true });
