import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';
import { predictionSearch } from './pages/predictions/prediction-search.ts';
import { Crashed, NotFound } from './shell/problem-pages.tsx';
import { Shell } from './shell/shell.tsx';
import { parseSearch, rangeSearch, stringifySearch } from './shell/url-search.ts';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: Crashed,
  validateSearch: rangeSearch,
  // The time range goes along to every page.
  search: { middlewares: [retainSearchParams(['from', 'to', 'refresh'])] },
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/overview-page.tsx'), 'OverviewPage'),
});
const models = createRoute({
  getParentRoute: () => root,
  path: '/models',
  validateSearch: (search: Record<string, unknown>): { filter?: string; dialog?: 'create' } => ({
    ...(typeof search.filter === 'string' && search.filter !== '' ? { filter: search.filter } : {}),
    ...(search.dialog === 'create' ? { dialog: 'create' } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/models/models-page.tsx'), 'ModelsPage'),
});
const MODEL_TABS = ['versions', 'signature', 'lineage'] as const;
const model = createRoute({
  getParentRoute: () => root,
  path: '/models/$model',
  validateSearch: (search: Record<string, unknown>): { tab?: (typeof MODEL_TABS)[number]; version?: string } => {
    const tab = MODEL_TABS.find((one) => one === search.tab);
    return {
      ...(tab === undefined ? {} : { tab }),
      ...(typeof search.version === 'string' ? { version: search.version } : {}),
    };
  },
  component: lazyRouteComponent(() => import('./pages/models/model-page.tsx'), 'ModelPage'),
});
const endpoints = createRoute({
  getParentRoute: () => root,
  path: '/endpoints',
  validateSearch: (search: Record<string, unknown>): { view?: 'new' } => (search.view === 'new' ? { view: 'new' } : {}),
  component: lazyRouteComponent(() => import('./pages/endpoints/endpoints-page.tsx'), 'EndpointsPage'),
});
const ENDPOINT_TABS = ['edit', 'try'] as const;
const endpoint = createRoute({
  getParentRoute: () => root,
  path: '/endpoints/$endpoint',
  validateSearch: (search: Record<string, unknown>): { tab?: (typeof ENDPOINT_TABS)[number] } => {
    const tab = ENDPOINT_TABS.find((one) => one === search.tab);
    return tab === undefined ? {} : { tab };
  },
  component: lazyRouteComponent(() => import('./pages/endpoints/endpoint-page.tsx'), 'EndpointPage'),
});
const predictions = createRoute({
  getParentRoute: () => root,
  path: '/predictions',
  validateSearch: predictionSearch,
  component: lazyRouteComponent(() => import('./pages/predictions/predictions-page.tsx'), 'PredictionsPage'),
});
const prediction = createRoute({
  getParentRoute: () => root,
  path: '/predictions/$id',
  component: lazyRouteComponent(() => import('./pages/predictions/prediction-page.tsx'), 'PredictionPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, models, model, endpoints, endpoint, predictions, prediction]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
