export { buildPath, type RequestParts } from './build-request.ts';
export {
  CallFailed,
  type ClientOptions,
  type ControlClient,
  createControlClient,
  createGatewayClient,
  type GatewayClient,
} from './client.ts';
export type {
  ControlAnswer,
  ControlArguments,
  ControlRouteName,
  GatewayAnswer,
  GatewayArguments,
  GatewayRouteName,
} from './route-types.ts';
export { controlRequests, gatewayRequests, type RequestLine } from './routes.generated.ts';
