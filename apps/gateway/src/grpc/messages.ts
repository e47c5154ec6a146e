/** Messages of the protocol as the loader makes them: names as in the protocol file, 64-bit integers in two halves. */

export interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

export interface InferParameter {
  readonly parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param';
  readonly bool_param?: boolean;
  readonly int64_param?: Long;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: Long;
}
export type InferParameters = Readonly<Record<string, InferParameter>>;

export interface InferTensorContents {
  readonly bool_contents: readonly boolean[];
  readonly int_contents: readonly number[];
  readonly int64_contents: readonly Long[];
  readonly uint_contents: readonly number[];
  readonly uint64_contents: readonly Long[];
  readonly fp32_contents: readonly number[];
  readonly fp64_contents: readonly number[];
  readonly bytes_contents: readonly Uint8Array[];
}

export interface InferInputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly Long[];
  readonly parameters: InferParameters;
  readonly contents: InferTensorContents | null;
}

export interface ModelInferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: InferParameters;
  readonly inputs: readonly InferInputTensor[];
  readonly outputs: readonly { readonly name: string; readonly parameters: InferParameters }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

export interface ModelInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: InferParameters;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly parameters: InferParameters;
  }[];
  readonly raw_output_contents: readonly Uint8Array[];
}

export interface ModelStreamInferResponse {
  readonly error_message: string;
  readonly infer_response: ModelInferResponse;
}

export interface NamedRequest {
  readonly name: string;
  readonly version: string;
}

export interface RepositoryRequest {
  readonly repository_name: string;
  readonly model_name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** As a number; beyond 2^53 it loses digits, as any number does. */
export const toNumber = ({ low, high, unsigned }: Long): number =>
  (unsigned ? high >>> 0 : high) * 4_294_967_296 + (low >>> 0);

export const toBigInt = ({ low, high, unsigned }: Long): bigint =>
  (BigInt(unsigned ? high >>> 0 : high) << 32n) | BigInt(low >>> 0);
