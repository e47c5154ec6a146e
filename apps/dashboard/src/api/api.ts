import { type BaseQueryFn, createApi } from '@reduxjs/toolkit/query/react';
import {
  buildPath,
  type ControlAnswer,
  type ControlArguments,
  type ControlRouteName,
  controlRequests,
  type RequestParts,
} from '@switchyard/client';
import { type ApiError, toApiError, unreachable } from './api-error.ts';

interface Call extends RequestParts {
  readonly route: ControlRouteName;
  readonly body?: unknown;
}

/** Calls a route of the control plane on the origin that served the page. */
const baseQuery: BaseQueryFn<Call, unknown, ApiError> = async ({ route, params, query, body }, { signal }) => {
  const request = controlRequests[route];
  try {
    const response = await fetch(buildPath(request, { params, query }), {
      method: request.method,
      signal,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    const answer: unknown = isJson ? await response.json() : null;
    return response.ok ? { data: answer } : { error: toApiError(response.status, answer) };
  } catch {
    // Who asked is gone and the answer is dropped. Thrown, it would be reported as a failure that nobody handled.
    if (signal.aborted) return { error: unreachable('Nobody waits for the answer any more.') };
    return { error: unreachable('The control plane does not answer. Is it running?') };
  }
};

type Answer<N extends ControlRouteName> = ControlAnswer<N>;
type Arguments<N extends ControlRouteName> = ControlArguments<N>;

/** Ranges that move with the clock make a new entry each refresh: old ones are dropped soon. */
const MOVING_RANGE_SECONDS = 30;

/**
 * All server data. Arguments and answers are typed by the contracts through @switchyard/client
 * (see its README for why there is no code generator between them).
 */
export const api = createApi({
  reducerPath: 'api',
  baseQuery,
  tagTypes: ['Model', 'Version', 'Endpoint', 'Revision', 'Status', 'Alert', 'Prediction'],
  endpoints: (build) => ({
    listModels: build.query<Answer<'listModels'>, void>({
      query: () => ({ route: 'listModels', query: { limit: 1_000 } }),
      providesTags: ['Model'],
    }),
    getModel: build.query<Answer<'getModel'>, Arguments<'getModel'>>({
      query: (args) => ({ route: 'getModel', ...args }),
      providesTags: ['Model'],
    }),
    listVersions: build.query<Answer<'listVersions'>, Arguments<'listVersions'>>({
      query: (args) => ({ route: 'listVersions', query: { limit: 1_000 }, params: args.params }),
      providesTags: ['Version'],
    }),
    listModelQuality: build.query<Answer<'listModelQuality'>, Arguments<'listModelQuality'>>({
      query: (args) => ({ route: 'listModelQuality', ...args }),
      keepUnusedDataFor: MOVING_RANGE_SECONDS,
    }),
    createModel: build.mutation<Answer<'createModel'>, Arguments<'createModel'>>({
      query: (args) => ({ route: 'createModel', ...args }),
      invalidatesTags: ['Model'],
    }),
    listEndpoints: build.query<Answer<'listEndpoints'>, void>({
      query: () => ({ route: 'listEndpoints', query: { limit: 1_000 } }),
      providesTags: ['Endpoint'],
    }),
    getEndpoint: build.query<Answer<'getEndpoint'>, Arguments<'getEndpoint'>>({
      query: (args) => ({ route: 'getEndpoint', ...args }),
      providesTags: ['Endpoint'],
    }),
    listRevisions: build.query<Answer<'listRevisions'>, Arguments<'listRevisions'>>({
      query: (args) => ({ route: 'listRevisions', query: { limit: 200 }, params: args.params }),
      providesTags: ['Revision'],
    }),
    getEndpointTraffic: build.query<Answer<'getEndpointTraffic'>, Arguments<'getEndpointTraffic'>>({
      query: (args) => ({ route: 'getEndpointTraffic', ...args }),
      keepUnusedDataFor: MOVING_RANGE_SECONDS,
    }),
    listCacheUse: build.query<Answer<'listCacheUse'>, Arguments<'listCacheUse'>>({
      query: (args) => ({ route: 'listCacheUse', ...args }),
      providesTags: ['Revision'],
      keepUnusedDataFor: MOVING_RANGE_SECONDS,
    }),
    tryEndpoint: build.mutation<Answer<'tryEndpoint'>, Arguments<'tryEndpoint'>>({
      query: (args) => ({ route: 'tryEndpoint', ...args }),
    }),
    checkPolicy: build.query<Answer<'checkPolicy'>, Arguments<'checkPolicy'>>({
      query: (args) => ({ route: 'checkPolicy', ...args }),
      providesTags: ['Revision'],
      keepUnusedDataFor: 0,
    }),
    putEndpoint: build.mutation<Answer<'putEndpoint'>, Arguments<'putEndpoint'>>({
      query: (args) => ({ route: 'putEndpoint', ...args }),
      invalidatesTags: ['Endpoint', 'Revision', 'Model', 'Status'],
    }),
    rollbackEndpoint: build.mutation<Answer<'rollbackEndpoint'>, Arguments<'rollbackEndpoint'>>({
      query: (args) => ({ route: 'rollbackEndpoint', ...args }),
      invalidatesTags: ['Endpoint', 'Revision', 'Model', 'Status'],
    }),
    deleteEndpoint: build.mutation<Answer<'deleteEndpoint'>, Arguments<'deleteEndpoint'>>({
      query: (args) => ({ route: 'deleteEndpoint', ...args }),
      invalidatesTags: ['Endpoint', 'Revision', 'Model', 'Status'],
    }),
    listPredictions: build.infiniteQuery<
      Answer<'listPredictions'>,
      NonNullable<Arguments<'listPredictions'>['query']>,
      string | null
    >({
      query: ({ queryArg, pageParam }) => ({
        route: 'listPredictions',
        query: { ...queryArg, cursor: pageParam ?? undefined },
      }),
      infiniteQueryOptions: {
        initialPageParam: null,
        getNextPageParam: (last) => last.nextCursor,
      },
      providesTags: ['Prediction'],
      keepUnusedDataFor: MOVING_RANGE_SECONDS,
    }),
    getPrediction: build.query<Answer<'getPrediction'>, Arguments<'getPrediction'>>({
      query: (args) => ({ route: 'getPrediction', ...args }),
    }),
    getOverview: build.query<Answer<'getOverview'>, Arguments<'getOverview'>>({
      query: (args) => ({ route: 'getOverview', ...args }),
      keepUnusedDataFor: MOVING_RANGE_SECONDS,
    }),
    getTimeSeries: build.query<Answer<'getTimeSeries'>, Arguments<'getTimeSeries'>>({
      query: (args) => ({ route: 'getTimeSeries', ...args }),
      keepUnusedDataFor: MOVING_RANGE_SECONDS,
      // Comparing thousands of points costs more than drawing them again.
      structuralSharing: false,
    }),
    listAlerts: build.query<Answer<'listAlerts'>, void>({
      query: () => ({ route: 'listAlerts' }),
      providesTags: ['Alert'],
    }),
    getStatus: build.query<Answer<'getStatus'>, void>({
      query: () => ({ route: 'getStatus' }),
      providesTags: ['Status'],
    }),
  }),
});

export const {
  useListModelsQuery,
  useGetModelQuery,
  useListVersionsQuery,
  useListModelQualityQuery,
  useCreateModelMutation,
  useListEndpointsQuery,
  useGetEndpointQuery,
  useListRevisionsQuery,
  useGetEndpointTrafficQuery,
  useListCacheUseQuery,
  useTryEndpointMutation,
  useCheckPolicyQuery,
  usePutEndpointMutation,
  useRollbackEndpointMutation,
  useDeleteEndpointMutation,
  useListPredictionsInfiniteQuery,
  useGetPredictionQuery,
  useGetOverviewQuery,
  useGetTimeSeriesQuery,
  useListAlertsQuery,
  useGetStatusQuery,
} = api;
