export { type Gateway, type GatewayLogger, type GatewayOptions, startGateway } from './gateway.ts';
export type { ControlClient } from './snapshot/control-client.ts';
